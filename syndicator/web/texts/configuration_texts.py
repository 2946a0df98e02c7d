"""What the console's pages of the configuration say, in the languages that we speak."""

from collections.abc import Mapping

CONFIGURATION_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "version_runs": ("Versi {number}", "Version {number}"),
    "published_by": ("oleh {who}, {when}", "by {who}, {when}"),
    "files_run": ("Setiap proses memakai berkasnya sendiri.", "Each process runs its own files."),
    "reload_files": ("Baca ulang berkas", "Read the files again"),
    "processes": ("Proses", "Processes"),
    "process": ("Proses", "Process"),
    "noted": ("Terakhir terlihat", "Last seen"),
    "no_processes": ("Belum ada proses yang melapor.", "No process has reported yet."),
    "added_beside": ("Ditambahkan di luar berkas", "Added beside the files"),
    "added_beside_why": (
        "Sumber, feed, dan grup yang ditambahkan selama layanan berjalan.",
        "Sources, feeds and groups that were added while the service runs.",
    ),
    "write_one": ("Tulis yang baru", "Write one"),
    "table": ("Tabel", "Table"),
    "titled": ("Judul", "Title"),
    "files_win": (
        "tidak berlaku: berkas juga memilikinya",
        "without effect: the files have it, too",
    ),
    "nothing_added": ("Tidak ada.", "Nothing was added."),
    "hidden_stays": (
        "Yang tertulis [hidden] adalah rahasia, dan tetap seperti semula.",
        "What reads [hidden] is secret, and stays as it is.",
    ),
    "see_changes": ("Lihat yang akan berubah", "See what changes"),
    "nothing_was_saved": ("Tidak ada yang disimpan.", "Nothing was saved."),
    "at_line": ("Baris {line}:", "Line {line}:"),
    "changes_not_saved": (
        "Belum ada yang disimpan. Periksa perubahannya dahulu.",
        "Nothing is saved yet. See first what changes.",
    ),
    "changed_meanwhile": (
        "{who} mengubah tabel ini pada {when}. Bandingannya adalah dengan yang berlaku sekarang.",
        "{who} changed this table meanwhile, {when}. The comparison is with what is there now.",
    ),
    "what_changes": ("Yang akan berubah", "What changes"),
    "secrets_change": ("Rahasia yang akan berubah:", "Secrets that change:"),
    "nothing_changes": ("Tidak ada yang berubah.", "Nothing would change."),
    "back_to_editing": ("Kembali mengubah", "Back to editing"),
    "save": ("Simpan", "Save"),
    "remove_table": ("Hapus", "Remove it"),
    "remove_table_why": (
        "Tidak diambil atau diterbitkan lagi; artikel yang sudah ada tetap tersimpan.",
        "It is gathered or published no more; articles that are there stay.",
    ),
    "its_table": ("Di konfigurasi", "In the configuration"),
    "stands_at_line": ("{file}, baris {line}", "{file}, line {line}"),
    "added_beside_by": (
        "Ditambahkan di luar berkas oleh {who}, {when}.",
        "Added beside the files by {who}, {when}.",
    ),
    "added_in_vain": (
        "{who} menambahkan tabel bernama sama di luar berkas ({when}). Itu tidak berlaku: berkas menang.",
        "{who} added a table of this name beside the files ({when}). It has no effect: the file wins.",
    ),
    "see_added": ("Lihat tabel itu", "See that table"),
    "stands_nowhere": (
        "Tidak ada berkas yang memuatnya sekarang: tabel ini baru dihapus, atau diatur lewat lingkungan.",
        "No file has it now: it was removed just now, or the environment sets it.",
    ),
    "table_as_toml": ("Sebagai TOML", "As TOML"),
    "change_in_files": (
        "Diatur di berkas: ubah [{name}] di sana.",
        "It is configured in the files: change [{name}] there.",
    ),
    "change_configuration": ("Ubah konfigurasinya", "Change its configuration"),
    "note.files_reloaded": (
        "Berkas dibaca ulang; hasilnya tampil di sini dalam beberapa detik.",
        "The files are read again; what becomes of it is here within seconds.",
    ),
    "note.table_changed": ("Perubahan disimpan.", "The change is saved."),
    "note.table_removed": ("Tabel dihapus.", "The table is removed."),
}
