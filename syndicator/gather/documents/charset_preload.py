"""The guesser of encodings with its models loaded: for the process that the pool forks its workers from.

The models take a tenth of a second and thirty MiB, which no task should be charged with.
"""

import chardet

chardet.detect("Café".encode("latin-1"))
