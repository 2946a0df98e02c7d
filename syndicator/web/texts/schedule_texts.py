"""What the operators' page of simulated schedules says, in the languages that we speak."""

from collections.abc import Mapping

SCHEDULE_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "schedule": ("Jadwal", "Schedule"),
    "schedule_intro": (
        "Simulasi: kapan sumber akan diambil, seolah setiap putaran berhasil.",
        "A simulation of when sources will run, as if each round worked.",
    ),
    "schedule_more": ("Simulasi jadwal", "Simulate the schedule"),
    "schedule_span": ("Dari {since} sampai {until}", "From {since} to {until}"),
    "field_from": ("Mulai ({zone})", "From ({zone})"),
    "field_now": ("Kosong: sekarang.", "Empty: now."),
    "field_for": ("Lama", "For"),
    "field_for_hint": (
        "Pilih sumber atau grup untuk waktu yang lebih lama.",
        "Choose a source or a group for longer times.",
    ),
    "field_source": ("Sumber", "Source"),
    "field_source_hint": ("Satu id atau lebih. Kosong: semua.", "One id or more. Empty: all."),
    "field_group": ("Grup", "Group"),
    "field_group_hint": ("Kosong: semua.", "Empty: all."),
    "simulate": ("Simulasikan", "Simulate"),
    "all_sources": ("Semua sumber", "All sources"),
    "schedule_fault.from": (
        "“{text}” bukan waktu. Tulis seperti 2027-03-13T06:00, atau kosongkan untuk sekarang.",
        "“{text}” is not a time. Write one as in 2027-03-13T06:00, or leave it empty for now.",
    ),
    "schedule_fault.far": (
        "Waktu ini terlalu jauh. Tulis waktu dalam sepuluh tahun dari sekarang.",
        "This time is too far away. Write one within ten years of now.",
    ),
    "schedule_fault.for": (
        "“{text}” bukan lama waktu. Tulis seperti 90m, 24h atau 7d.",
        "“{text}” is not a length of time. Write one as in 90m, 24h or 7d.",
    ),
    "schedule_fault.long": (
        "Yang dapat disimulasikan lebih dari nol dan paling lama {days} hari.",
        "More than nothing and at most {days} days can be simulated.",
    ),
    "schedule_fault.many": (
        "{count} sumber terlalu banyak untuk waktu selama ini. Pilih grup atau waktu yang lebih singkat.",
        "{count} sources are too many for so long a time. Choose a group, or a shorter time.",
    ),
    "schedule_fault.source": ("Tidak ada sumber bernama “{name}”.", "No source is called “{name}”."),
    "schedule_fault.source_like": (
        "Tidak ada sumber bernama “{name}”. Maksud Anda “{near}”?",
        "No source is called “{name}”. Did you mean “{near}”?",
    ),
    "schedule_fault.group": ("Tidak ada grup bernama “{name}”.", "No group is called “{name}”."),
    "schedule_fault.group_like": (
        "Tidak ada grup bernama “{name}”. Maksud Anda “{near}”?",
        "No group is called “{name}”. Did you mean “{near}”?",
    ),
    "schedule_fault.apart": (
        "Sumber “{source}” bukan anggota grup “{group}”. Kosongkan salah satunya.",
        "The source “{source}” is not in the group “{group}”. Leave one of them empty.",
    ),
    "runs": ("Putaran", "Runs"),
    "most_an_hour": ("Terbanyak per jam", "Most an hour"),
    "most_a_minute": ("Terbanyak per menit", "Most a minute"),
    "runs_by_hour": ("Putaran per jam", "Runs by hour"),
    "busiest_hour": (
        "Terbanyak dalam satu jam: {count}, {when}.",
        "Most runs in an hour: {count}, {when}.",
    ),
    "busiest_minute": (
        "Terbanyak dalam satu menit: {count}, {when}.",
        "Most in a minute: {count}, {when}.",
    ),
    "even_hours": (
        "Tidak ada jam yang jauh lebih sibuk dari yang lain.",
        "No hour is much busier than the others.",
    ),
    "shaded": (
        "Yang diarsir adalah waktu khusus; daftarnya di bawah.",
        "Shaded are special times, which are listed below.",
    ),
    "dashed": ("Pada garis putus-putus jam diubah.", "At a dashed line clocks are moved."),
    "hours_as_table": ("Jam sebagai tabel", "Hours as a table"),
    "hour": ("Jam", "Hour"),
    "and_more": ("dan {count} lagi", "and {count} more"),
    "no_runs": (
        "Tidak ada putaran dalam waktu ini.",
        "Nothing runs in this time.",
    ),
    "next_runs": ("Putaran berikutnya", "Next runs"),
    "next_runs_of": ("Putaran berikutnya: {title}", "Next runs of {title}"),
    "local_time": ("Waktu setempat", "Local time"),
    "at_the_site": ("{when} di situs ini", "{when} at this site"),
    "because": ("Sebab", "Why then"),
    "requests_by_host": ("Permintaan per host dan jam", "Requests by host and hour"),
    "requests_by_host_intro": (
        "Setiap putaran paling sedikit satu permintaan. Batang yang menonjol adalah jam tersibuk host itu.",
        "Each run is one request at least. The marked bars are the busiest hours of that host.",
    ),
    "host": ("Host", "Host"),
    "by_hour": ("Per jam", "By hour"),
    "collisions": ("Bersamaan", "Collisions"),
    "collisions_intro": (
        "Sumber satu host yang jatuh pada menit yang sama saling menunggu. Sebarkan dengan jitter.",
        "Sources of one host that are due in the same minute wait for each other. Spread them with jitter.",
    ),
    "no_collisions": (
        "Tidak ada sumber satu host yang jatuh pada menit yang sama.",
        "No sources of one host are due in the same minute.",
    ),
    "together": ("Putaran dalam satu menit", "Runs in one minute"),
    "first_at": ("Terbanyak pada", "Most at"),
    "how_often": ("Menit seperti itu", "Such minutes"),
    "starved": ("Tidak seperti yang diatur", "Not as configured"),
    "no_starved": (
        "Semua sumber berjalan seperti yang diatur.",
        "Every source runs as it is configured.",
    ),
    "starved.idle": ("Tidak pernah berjalan", "Never runs"),
    "starved.limited": ("Host melewati batasnya", "Over the limit of its host"),
    "starved.stopped": ("Dihentikan", "Stopped"),
    "starved.paused": ("Dijeda", "Paused"),
    "paused_until": ("hingga {when}", "until {when}"),
    "paused_open": ("hingga dilanjutkan", "until it is resumed"),
    "special": ("Waktu khusus", "Special times"),
    "no_special": (
        "Tidak ada hari libur atau perubahan jam dalam waktu ini.",
        "There are no holidays or moved clocks in this time.",
    ),
    "when": ("Kapan", "When"),
    "what": ("Apa", "What"),
    "special.clocks": ("Jam diubah", "Clocks are moved"),
    "special.holiday": ("Hari libur", "Holiday"),
    "special.blackout": ("Larangan", "Blackout"),
    "special.burst": ("Lebih sering", "Burst"),
    "clocks_forward": (
        "Waktu yang terlewat dijalankan pada waktu berikutnya yang ada.",
        "Times that are skipped run at the next time that exists.",
    ),
    "clocks_back": (
        "Waktu yang datang dua kali dijalankan sekali.",
        "Times that come twice run once.",
    ),
}
