"""What the console's pages that try sources say, in the languages that we speak."""

from collections.abc import Mapping

TRIAL_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "add_source": ("Tambah sumber", "Add a source"),
    "add_source_intro": (
        "Beri alamat portal, halaman, atau feed. Yang ditemukan ditampilkan sebelum ditambahkan.",
        "Give the address of a portal, a page or a feed. What is found is shown before it is added.",
    ),
    "address_of_portal": ("Alamat", "Address"),
    "address_hint": ("Misalnya https://portal.example/", "Such as https://portal.example/"),
    "what_to_look_for": ("Cari", "Look for"),
    "the_best": ("yang terbaik", "the best"),
    "look": ("Lihat", "Look"),
    "found_there": ("Ditemukan di sana", "Found there"),
    "gathered_already": ("Sudah diambil sebagai sumber lain:", "It is gathered already, as"),
    "kind": ("Jenis", "Kind"),
    "entries": ("Entri", "Entries"),
    "newest_entry": ("Terbaru", "Newest"),
    "would_come": ("Yang akan datang", "What would come"),
    "would_come_counts": ("{listed} terdaftar, {new} baru", "{listed} listed, {new} new"),
    "authors": ("Penulis", "Authors"),
    "has": ("Isi", "Has"),
    "has_text": ("{count} huruf teks", "{count} letters of text"),
    "has_photos": ("{count} foto", "photos: {count}"),
    "nothing_came": ("Tidak ada artikel.", "No article came."),
    "selector": ("Selektor", "Selector"),
    "matches": ("Cocok", "Matches"),
    "first_value": ("Nilai pertama", "First value"),
    "take_it": ("Tambahkan", "Take it"),
    "as_written": ("Konfigurasinya (TOML)", "Its configuration (TOML)"),
    "as_written_hint": (
        "Ubah seperlunya: nama di dalam kurung siku adalah pengenal sumber dan feed.",
        "Change what you like: the names in brackets are the ids of source and feed.",
    ),
    "add": ("Tambah", "Add"),
    "fault.no_url": (
        "Tulis alamat lengkap yang diawali http:// atau https://.",
        "Write a full address that begins with http:// or https://.",
    ),
    "see_source": ("Lihat {name}", "See {name}"),
    "note.source_added": (
        "Sumber ditambahkan. Dalam beberapa detik semua proses mengambilnya.",
        "The source is added. Within seconds all processes have it.",
    ),
    "preview": ("Pratinjau", "Preview"),
    "preview_intro": (
        "Yang akan dibawa sumber ini sekarang, di samping yang tersimpan. Tidak ada yang disimpan.",
        "What this source would bring now, beside what is stored. Nothing is stored.",
    ),
    "beside_stored": ("Dibandingkan dengan yang tersimpan", "Beside what is stored"),
    "verdict": ("Putusan", "Verdict"),
    "judged.new": ("Baru", "New"),
    "judged.changed": ("Berubah", "Changed"),
    "judged.duplicate": ("Ganda", "Duplicate"),
    "judged.unchanged": ("Tetap", "Unchanged"),
}
