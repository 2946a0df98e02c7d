"""What the console's pages of changes and of the log say, in the languages that we speak."""

from collections.abc import Mapping

LOG_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "changes_intro": (
        "Siapa mengubah apa lewat konsol, perintah, dan API; 10.000 perubahan terakhir.",
        "Who changed what in the console, by commands and over the API; the last 10,000 changes.",
    ),
    "who": ("Siapa", "Who"),
    "before_and_after": ("Sebelum dan sesudah", "Before and after"),
    "no_changes": ("Belum ada perubahan.", "Nothing was changed yet."),
    "log_intro": (
        "Baris terakhir dari proses yang menjawab; proses lain menulis lognya sendiri.",
        "The last lines of the process that answers; each other process has its own log.",
    ),
    "level": ("Mulai dari tingkat", "From level"),
    "with_word": ("Dengan kata, misalnya nama sumber", "With a word, such as the id of a source"),
    "show": ("Tampilkan", "Show"),
    "live": ("Tampilkan baris baru begitu muncul", "Show new lines as they come"),
    "no_lines": ("Belum ada baris seperti itu.", "There are no such lines yet."),
}
