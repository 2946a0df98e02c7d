"""Who holds a lease, and whether it can still be alive.

A token names the machine (or container) and the process that took the lease: after a `kill -9` the next
process there need not wait for the lease to run out. Elsewhere nothing is known of it, and the lease decides.
"""

import hashlib
import os
import platform
import socket
import uuid
from functools import cache
from pathlib import Path


def own_name() -> str:
    """Return what this process is called in what people read: `HOST:PID`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def new_token() -> str:
    return f"{_place()}.{os.getpid()}.{uuid.uuid4().hex}"


def is_dead(token: str) -> bool:
    """Return whether the process that took a lease is known to have ended."""
    place, _, rest = token.partition(".")
    pid = rest.partition(".")[0]
    if place != _place() or not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@cache
def _place() -> str:
    """Return where process ids mean what they mean here: this boot of this machine, in this container."""
    parts = [platform.node()]
    for name in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        path = Path(name)
        try:
            parts.append(str(path.readlink()) if path.is_symlink() else path.read_text("ascii"))
        except OSError:
            parts.append("")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()
