"""What the console's pages of sources say, in the languages that we speak."""

from collections.abc import Mapping

SOURCE_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    # The list.
    "sources_in_all": ("{count} dikonfigurasi", "{count} configured"),
    "find_sources": ("Cari", "Find"),
    "find_sources_hint": ("Kata dari id, judul, atau host.", "Words of the id, the title or the host."),
    "find": ("Tampilkan", "Show"),
    "no_such_sources": ("Tidak ada sumber yang cocok.", "No source matches."),
    "no_ill_sources": ("Tidak ada sumber yang perlu perhatian.", "No source needs attention."),
    # One source.
    "kind.feed": ("feed", "feed"),
    "kind.sitemap": ("sitemap", "sitemap"),
    "kind.page": ("halaman", "page"),
    "remedy": ("Yang dapat dilakukan:", "What to do:"),
    "run_now": ("Ambil sekarang", "Run now"),
    "paused_by_scope": (
        "Jeda ini berlaku untuk {scope}; lanjutkan di sana.",
        "This pause is of {scope}: resume it there.",
    ),
    "pause_until": ("Sampai", "Until"),
    "pause_until_hint": (
        "Waktu {zone}. Kosong: sampai dilanjutkan.",
        "Time of {zone}. Empty: until resumed.",
    ),
    "pause_reason": ("Alasan", "Reason"),
    "pause_reason_hint": (
        "Ditampilkan di mana pun sumber ini ditampilkan.",
        "Shown wherever the source is shown.",
    ),
    "pause_group_hint": (
        "Ditampilkan di mana pun sumber grup ini ditampilkan.",
        "Shown wherever sources of the group are shown.",
    ),
    "how_it_runs": ("Keadaan dan jadwal", "State and schedule"),
    "plan": ("Jadwal", "Schedule"),
    "last_new": ("Terakhir ada yang baru", "Last new article"),
    "address": ("Alamat", "Address"),
    "moved_to": ("Sekarang diambil dari", "Now asked at"),
    "source_tags": ("Tag", "Tags"),
    "freshness": ("Sasaran kesegaran", "Freshness objective"),
    "fresh_objective": ("{target} tampil dalam {span}", "{target} shown within {span}"),
    "fresh_budget": (
        "{late} dari {articles} artikel dalam 30 hari terlambat",
        "{late} of {articles} articles of 30 days were late",
    ),
    "stage.seen": ("Ditemukan", "Seen"),
    "stage.shown": ("Tampil", "Shown"),
    "stage.pushed": ("Terkirim", "Pushed"),
    "delay_bounds": ("separuh dalam {median}, 95% dalam {p95}", "half within {median}, 95% within {p95}"),
    "over_a_day": ("lebih dari sehari", "more than a day"),
    "hub": ("Hub", "Hub"),
    "hub_articles": ("{push} artikel didorong, {poll} diambil", "{push} articles by push, {poll} by poll"),
    "hub_refused": ("{count} kiriman ditolak", "{count} pushes refused"),
    "gaps": ("Celah", "Gaps"),
    "gaps_why": (
        "{count} kali mungkin ada artikel yang terlewat di antara dua putaran",
        "{count} times articles were probably missed between two rounds",
    ),
    "newest_of_source": ("Artikel terbaru", "Newest articles"),
    "newest_why": (
        "dari {articles}: {duplicates} lebih dulu ada di sumber lain, {copies} salinan artikel lain",
        "of {articles}: {duplicates} were elsewhere first, {copies} are copies of others",
    ),
    "latest_articles": ("Artikel terakhir", "Latest articles"),
    "first_from": ("lebih dulu dari {source}", "first from {source}"),
    "no_articles_yet": ("Belum ada artikel dari sumber ini.", "There is no article of it yet."),
    "history": ("Putaran dalam 30 hari", "Rounds of 30 days"),
    "new_articles": ("Baru", "New"),
    "changed_articles": ("Berubah", "Changed"),
    "late_by": ("Terlambat", "Late by"),
    "received": ("Diterima", "Received"),
    "kilobytes": ("{count} kB", "{count} kB"),
    "took": ("Lama", "Took"),
    "rounds_of_hour": ("satu jam, {count} putaran", "one hour, {count} rounds"),
    "earlier_rounds": ("Putaran sebelumnya", "Earlier rounds"),
    "no_rounds": ("Belum ada putaran.", "No round is known."),
    # The past of a source.
    "backfill": ("Artikel lama", "Older articles"),
    "begin_backfill": ("Ambil artikel lama", "Gather older articles"),
    "stop_backfill": ("Hentikan", "Stop"),
    "backfill_why": (
        "Artikel lama tampil di feed dengan tanggalnya sendiri.",
        "Older articles stand in feeds at their own dates.",
    ),
    "backfill_since": ("Terbit sejak", "Published since"),
    "backfill_since_hint": ("Kosong: sejauh yang ada.", "Empty: as far as there are."),
    "most_articles": ("Artikel baru, paling banyak", "New articles, at most"),
    "most_requests": ("Permintaan, paling banyak", "Requests, at most"),
    "backfill_path": ("Diambil dari", "Taken from"),
    "backfill_any_path": ("yang pertama tersedia", "the first that it offers"),
    "backfill_path.archives": ("arsip feed", "archives of the feed"),
    "backfill_path.pages": ("halaman daftar", "list pages"),
    "backfill_path.sitemap": ("sitemap", "sitemap"),
    "backfill_announce": ("Kabari penerima webhook", "Tell webhook endpoints"),
    "backfill_progress": (
        "{new} dari paling banyak {most} artikel baru, {known} sudah ada",
        "{new} of at most {most} new articles, {known} known before",
    ),
    "backfill_requests": (
        "{count} dari paling banyak {most} permintaan, {failed} gagal",
        "{count} of at most {most} requests, {failed} failed",
    ),
    "backfill_oldest": ("Tertua", "Oldest"),
    "backfill_begun": ("Dimulai", "Begun"),
    # What is wrong with a field of a form.
    "fault.no_time": (
        "Ini bukan waktu. Tulis seperti 2027-03-13T06:00.",
        "This is not a time. Write one as in 2027-03-13T06:00.",
    ),
    "fault.no_number": ("Tulis bilangan dari 1 sampai {most}.", "Write a number from 1 to {most}."),
    # What a form has just done: the end of `?note=`.
    "note.source_run": (
        "Sumber ini diambil begitu ada pekerja; riwayat akan menunjukkannya.",
        "It runs as soon as a worker has room; the history shows the round.",
    ),
    "note.source_rests": ("Sumber ini dijeda, jadi tidak diambil.", "It is paused, so it is not run."),
    "note.source_paused": (
        "Sumber dijeda; artikelnya tetap terbit.",
        "It is paused; its articles stay published.",
    ),
    "note.source_resumed": ("Sumber dilanjutkan dan segera diambil.", "It is resumed, and due now."),
    "note.source_still_rests": (
        "Jedanya berakhir, tetapi grup, tag, atau semua sumber masih dijeda.",
        "Its pause has ended, but its group, a tag of it or everything is still paused.",
    ),
    "note.backfill_begun": ("Artikel lama mulai diambil.", "Older articles are being gathered."),
    "note.backfill_stopped": (
        "Dihentikan; yang sudah diambil tetap ada.",
        "It is stopped; what was gathered stays.",
    ),
}
