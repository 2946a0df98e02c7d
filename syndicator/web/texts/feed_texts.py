"""What the console's pages of feeds say, in the languages that we speak."""

from collections.abc import Mapping

FEED_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "feeds_console_intro": (
        "Isi setiap feed, dan siapa yang memintanya dalam {days} hari terakhir.",
        "What each feed holds, and who asked for it in the last {days} days.",
    ),
    "feed": ("Feed", "Feed"),
    "holds": ("Isi", "Holds"),
    "order.latest": ("terbaru", "latest"),
    "order.popular": ("terpopuler", "most read"),
    "changed_last": ("Terakhir berubah", "Changed last"),
    "rendered": ("Dibuat ulang", "Renders"),
    "requests": ("Permintaan", "Requests"),
    "without_transfer": ("Tanpa kiriman (304)", "Without transfer (304)"),
    "private": ("privat", "private"),
    "no_feeds": ("Belum ada feed.", "There is no feed."),
    "subscribers": ("Pelanggan", "Subscribers"),
    "in_last_days": (
        "Dalam {days} hari terakhir, hari ini termasuk.",
        "In the last {days} days, with today.",
    ),
    "reader_programs": ("Program pembaca", "Reader programs"),
    "reader_program": ("Program", "Program"),
    "share": ("Bagian", "Share"),
    "agent.other": ("program lain", "other programs"),
    "agent.browser": ("peramban", "browsers"),
    "agent.none": ("tidak menyebut nama", "without a name"),
    "caches_count_once": (
        "Jawaban dari cache di depan layanan tidak terhitung. Pelanggan: menurut layanan pembaca.",
        "What a cache in front answers is not counted. Subscribers: as services of readers say.",
    ),
    "nobody_asked": ("Belum ada yang memintanya.", "Nobody asked for it yet."),
    "version": ("Versi", "Version"),
}
