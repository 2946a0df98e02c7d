"""What the operators' page of deliveries says, in the languages that we speak."""

from collections.abc import Mapping

DELIVERY_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "deliveries": ("Kiriman webhook", "Webhook deliveries"),
    "deliveries_more": ("Rincian kiriman", "All about deliveries"),
    "all_endpoints": ("Semua penerima", "All endpoints"),
    "dead_letters": ("Kiriman yang gagal", "Given up"),
    "no_dead": ("Tidak ada kiriman yang gagal.", "Nothing was given up."),
    "replays": ("Kiriman ulang", "Replays"),
    "no_replays": ("Belum ada kiriman ulang.", "There is no replay."),
    "owner": ("Milik {owner}", "Of {owner}"),
    "held_until": ("Ditahan hingga {when}", "Held until {when}"),
    "failed_so_often": ("{count} kegagalan berturut-turut", "{count} failures in a row"),
    "fell_off": ("{count} gugur selama beristirahat", "{count} fell off while it rested"),
    "oldest_due": ("Menunggu sejak", "Due since"),
    "nothing_due": ("tidak ada", "nothing"),
    "event": ("Kabar", "Event"),
    "reason": ("Sebab", "Reason"),
    "attempts": ("Percobaan", "Attempts"),
    "given_up": ("Gagal pada", "Given up"),
    "replay": ("Kiriman ulang", "Replay"),
    "queued": ("Diantrekan", "Queued"),
    "progress": ("Kemajuan", "Progress"),
    "begun": ("Dimulai", "Begun"),
    # How an endpoint stands: the words of `rules.webhooks.endpoint_health.Verdict`.
    "verdict.disabled": ("Dimatikan", "Disabled"),
    "verdict.unreadable": ("Rahasianya tidak dapat dibuka", "Secrets cannot be opened"),
    "verdict.failing": ("Gagal terus", "Failing"),
    "verdict.left": ("Tidak ada di konfigurasi yang berjalan", "In no running configuration"),
    "verdict.dead": ("Ada kiriman yang gagal", "Deliveries given up"),
    "verdict.retrying": ("Mencoba lagi", "Retrying"),
    "verdict.unverified": ("Belum terbukti", "Not proven"),
    "verdict.paused": ("Dijeda", "Paused"),
    "verdict.active": ("Aktif", "Active"),
    "replays.running": ("Berjalan", "Running"),
    "replays.done": ("Selesai", "Done"),
    "replays.cancelled": ("Dibatalkan", "Cancelled"),
}
