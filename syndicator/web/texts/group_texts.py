"""What the console's pages of groups say, and how pages put schedules into words."""

from collections.abc import Mapping

GROUP_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "groups": ("Grup", "Groups"),
    "groups_intro": (
        "Sumber satu grup berbagi pengaturan, dan dapat dijalankan atau dijeda bersama.",
        "Sources of a group share settings, and are run and paused together.",
    ),
    "group": ("Grup", "Group"),
    "group_runs": ("Berjalan", "Runs"),
    "until": ("sampai {when}", "until {when}"),
    "no_groups": (
        "Tidak ada grup. [group.NAMA] dalam konfigurasi membuat satu.",
        "There is no group. [group.NAME] in the configuration makes one.",
    ),
    "no_sources_in_group": ("Tidak ada sumber dalam grup ini.", "No source is in this group."),
    "simulate_group": ("Simulasikan jadwalnya", "Simulate its schedule"),
    "other_plans": ("jadwal lain: {count}", "other schedules: {count}"),
    "times_of_rest": ("Jadwal, istirahat, dan larangan", "Schedule, rests and blackouts"),
    "varied_why": (
        "Sumber yang mengatur sendiri menyimpang dari grupnya.",
        "Sources with settings of their own differ from their group.",
    ),
    "holds_now": ("Sekarang", "Now"),
    "limits_and_use": ("Batas dan pemakaian", "Limits and use"),
    "limit_in_flight": ("Permintaan sekaligus", "Requests at once"),
    "limit_per_minute": ("Permintaan per menit", "Requests a minute"),
    "limit_per_round": ("Artikel per putaran", "Articles a round"),
    "limit_pages": ("Halaman daftar per putaran", "List pages a round"),
    "no_limit": ("tanpa batas", "no limit"),
    "at_most": ("paling banyak {count}", "{count} at most"),
    "used_in_a_day": ("Terpakai dalam 24 jam", "Used in 24 hours"),
    "received_kb": ("{count} kB diterima", "{count} kB received"),
    "measured_of": ("dari {count} sumber pertama", "of the first {count} sources"),
    "budgets": ("Server yang dipakai bersama", "Servers, over all workers"),
    "budgets_intro": (
        "Batas sebuah server berlaku untuk semua sumber di sana, juga dari grup lain.",
        "The limit of a server holds for all sources on it, also those of other groups.",
    ),
    "server": ("Server", "Server"),
    "under_way": ("Sedang berjalan", "Under way"),
    "used_of": ("{count} dari {most}", "{count} of {most}"),
    "held_off_until": ("minta dibiarkan sampai {when}", "asked to be left alone until {when}"),
    "and_more_servers": ("server lain: {count}", "other servers: {count}"),
    "budget.host": ("per host", "for each host"),
    "budget.domain": ("per domain", "for each domain"),
    "budget.url": ("per alamat", "for each address"),
    "plan.every": ("Tiap {span}", "Every {span}"),
    "plan.cron": ("Menurut cron {expression}, waktu {zone}", "By cron {expression}, time of {zone}"),
    "plan.adaptive": (
        "Menurut irama portal, tiap {least} sampai {most}",
        "By the rhythm of the portal, every {least} to {most}",
    ),
    "plan.jitter": (", digeser acak hingga {span}", ", moved by chance by up to {span}"),
    "plan.hours": ("Hanya {hours}, waktu {zone}", "Only {hours}, time of {zone}"),
    "plan.country": ("hari libur {country}", "holidays of {country}"),
    "plan.days": ("{count} hari sendiri", "days of its own: {count}"),
    "plan.on_holidays": ("Pada {days}: {what}", "On {days}: {what}"),
    "plan.rest_on_holidays": ("Istirahat pada {days}", "Rests on {days}"),
    "plan.blackout": ("Larangan: {begin} sampai {end}", "Blackout: {begin} until {end}"),
    "plan.burst": (
        "Lebih sering, tiap {span}: {begin} sampai {end}",
        "Burst, every {span}: {begin} until {end}",
    ),
    "plan.run": ("Sekali pada {when}", "Once at {when}"),
    "plan.more": ("waktu lain: {count}", "other times: {count}"),
    "plan.skip": (
        "Yang terlewat saat layanan mati tidak disusul",
        "What was due while nothing ran is skipped",
    ),
    "note.group_run": ("Semua sumber grup itu diambil sekarang.", "All sources of the group are due now."),
    "note.group_run_partly": (
        "Sumber grup itu diambil sekarang, kecuali yang dijeda.",
        "Sources of the group are due now, but for those that are paused.",
    ),
    "note.group_rests": (
        "Semua sumber grup itu dijeda, jadi tidak diambil.",
        "All sources of the group are paused, so none is run.",
    ),
    "note.group_paused": (
        "Grup dijeda; artikelnya tetap terbit.",
        "The group is paused; its articles stay published.",
    ),
    "note.group_resumed": ("Grup berjalan lagi.", "The group runs again."),
    "note.group_still_rests": (
        "Jeda grup berakhir, tetapi semua sumber masih dijeda.",
        "The pause of the group has ended, but all sources are still paused.",
    ),
}
