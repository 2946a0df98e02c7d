"""The words of states on pages, in the languages that we speak; in English, those of the API."""

from collections.abc import Mapping

from syndicator.model.ops.states import KINDS

_INDONESIAN: Mapping[str, str] = {
    "active": "Aktif",
    "added_later": "Ditambahkan kemudian",
    "behind": "Tertinggal",
    "cancelled": "Dibatalkan",
    "caught_up": "Sudah menyusul",
    "copy_sent": "Salinannya sudah dikirim",
    "current": "Terkini",
    "dead": "Gagal permanen",
    "degraded": "Terganggu",
    "delayed": "Ditunda",
    "delivered": "Terkirim",
    "denied": "Ditolak",
    "disabled": "Dinonaktifkan",
    "done": "Selesai",
    "down": "Tidak berfungsi",
    "expired": "Kedaluwarsa",
    "failed": "Gagal",
    "failing": "Bermasalah",
    "gone": "Sudah tiada",
    "in_flight": "Sedang dikirim",
    "in_log": "Menunggu di log",
    "in_outbox": "Belum dibagikan",
    "late": "Terlambat",
    "new": "Baru",
    "none": "Tidak ada",
    "not_announced": "Tidak diumumkan",
    "not_recorded": "Tidak tercatat",
    "not_wanted": "Tidak diminta",
    "ok": "Baik",
    "orphaned": "Tidak dikonfigurasi",
    "partly": "Sebagian gagal",
    "paused": "Dijeda",
    "quiet": "Sepi",
    "ready": "Siap",
    "refused": "Tidak diterima",
    "requested": "Diminta",
    "restart_needed": "Perlu dimulai ulang",
    "retry": "Coba lagi",
    "retrying": "Mencoba lagi",
    "running": "Berjalan",
    "set_aside": "Disisihkan",
    "shown": "Tampil",
    "stopped": "Dihentikan",
    "stuck": "Macet",
    "superseded": "Digantikan",
    "unassigned": "Menunggu berita",
    "unchanged": "Tetap",
    "unreached": "Tidak terjangkau",
    "unreadable": "Tidak terbaca",
    "unsubscribing": "Berhenti berlangganan",
    "unverified": "Belum diverifikasi",
    "valid": "Berlaku",
    "verified": "Terverifikasi",
    "waiting": "Menunggu",
    "withdrawn": "Ditarik",
}


def _english(word: str) -> str:
    """Return a word as it stands on a page: `in_flight` as `In flight`."""
    return "OK" if word == "ok" else word.replace("_", " ").capitalize()


STATE_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    f"state.{state}": (_INDONESIAN[state], _english(state))
    for states in KINDS.values()
    for state in states
}
