"""What the frame of the console, and its pages of changes and of the log say, in our languages."""

from collections.abc import Mapping

CONSOLE_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "times_of_zone": ("Waktu tanpa zona adalah waktu {zone}.", "Times without a zone are those of {zone}."),
    "caution.not-replicated": (
        "Sudah ditulis, tetapi belum ada di replika Redis: bila server utama gagal sekarang, ini hilang.",
        "It is written, but no replica of Redis has it yet: if the primary failed now, it would be lost.",
    ),
    "sign_in": ("Masuk", "Sign in"),
    "sign_in_intro.console": (
        "Konsol ini mengelola sumber, feed, dan kiriman.",
        "The console runs sources, feeds and deliveries.",
    ),
    "token": ("Token", "Token"),
    "token_hint": ("Token dengan izin {scope}.", "A token with the scope {scope}."),
    "sign_in_by_link.console": (
        "Atau jalankan “syndicator status” di komputer ini: tautannya berlaku sekali, selama sepuluh menit.",
        "Or run “syndicator status” on this machine: its link works once, within ten minutes.",
    ),
    "sign_in_fault.no_token": ("Isi tokennya.", "Enter a token."),
    "sign_in_fault.wrong_token": (
        "Token ini tidak dikenal, sudah berakhir, atau dicabut.",
        "This token is not known, has expired, or was revoked.",
    ),
    "sign_in_fault.token_without_admin": (
        "Token ini tidak memiliki izin admin.",
        "This token does not have the scope admin.",
    ),
    "sign_in_fault.token_without_partner": (
        "Token ini tidak memiliki izin partner.",
        "This token does not have the scope partner.",
    ),
    "sign_in_fault.too_many_tries": (
        "Terlalu banyak token yang salah dari alamat ini. Coba lagi sebentar lagi.",
        "Too many wrong tokens came from this address. Try again in a moment.",
    ),
    "sign_out": ("Keluar", "Sign out"),
    "place.overview": ("Ikhtisar", "Overview"),
    "place.sources": ("Sumber", "Sources"),
    "place.schedule": ("Jadwal", "Schedule"),
    "place.feeds": ("Feed", "Feeds"),
    "place.stories": ("Berita", "Stories"),
    "place.articles": ("Artikel", "Articles"),
    "place.configuration": ("Konfigurasi", "Configuration"),
    "place.boards": ("Terpopuler", "Most read"),
    "place.deliveries": ("Kiriman", "Deliveries"),
    "place.changes": ("Perubahan", "Changes"),
    "place.log": ("Log", "Log"),
    "place.tokens": ("Token", "Tokens"),
    "redis_server": ("Server Redis", "Redis server"),
    "last_hour": ("Dalam satu jam terakhir", "In the last hour"),
    "foreign_form": (
        "Formulir ini tidak dikirim dari halaman kami",
        "This form was not sent from our pages",
    ),
    "foreign_form_why": (
        "Tidak ada yang diubah. Buka halaman kami, lalu lakukan di sana.",
        "Nothing was changed. Open our pages, and do it there.",
    ),
    "open_our_pages": ("Buka halaman kami", "Open our pages"),
    "refused": ("Tidak dapat dilakukan", "This cannot be done"),
    "back": ("Kembali", "Back"),
    # What a form has just done: the end of `?note=`.
    "note.endpoint_paused": (
        "Penerima dijeda; kirimannya menunggu.",
        "The endpoint is paused; its events wait.",
    ),
    "note.endpoint_resumed": ("Penerima bekerja lagi.", "The endpoint works again."),
    "note.endpoint_removed": ("Penerima dihapus.", "The endpoint is removed."),
    "note.dead_resent": ("Yang gagal permanen akan dikirim lagi.", "Dead deliveries are sent again."),
    "note.resent": ("Kabar ini akan dikirim lagi sekarang.", "The event is sent again now."),
    "note.replay_begun": ("Kiriman ulang dimulai.", "The replay has begun."),
    "note.replay_cancelled": ("Kiriman ulang dibatalkan.", "The replay is cancelled."),
    # The pages of changes and of the log.
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
