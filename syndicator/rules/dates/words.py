"""The words of dates, Indonesian and English, all in lower case."""

from datetime import timedelta
from datetime import timezone as fixed_zone

_MONTH_WORDS = (
    "jan january januari",
    "feb february februari febuari peb pebruari",
    "mar march maret mrt mac",
    "apr april",
    "may mei",
    "jun june juni",
    "jul july juli julai",
    "aug august agustus agt ags agu agst ogos",
    "sep sept september",
    "oct october okt oktober",
    "nov november nop nopember",
    "dec december des desember dis disember",
)
MONTHS = {word: number for number, words in enumerate(_MONTH_WORDS, 1) for word in words.split()}

_OFFSET_WORDS = {
    -10: "hst",
    -9: "akst",
    -8: "pst akdt",
    -7: "mst pdt",
    -6: "cst mdt",
    -5: "est cdt",
    -4: "ast edt",
    -3.5: "nst",
    -3: "adt brt",
    -2.5: "ndt",
    0: "z ut utc gmt wet",
    1: "west bst cet met wat",
    2: "cest mest eet sast cat",
    3: "eest msk eat trt",
    4: "gst",
    5: "pkt",
    5.5: "ist",
    5.75: "npt",
    7: "wib ict",
    8: "wita sgt myt hkt pht awst",
    9: "wit jst kst",
    9.5: "acst",
    10: "aest",
    10.5: "acdt",
    11: "aedt",
    12: "nzst",
    13: "nzdt",
}
"""Hours east of UTC. Where a name has several meanings, the source's own zone counts if it has that name,
else that of RFC 822 or of the larger press."""
ZONE_NAMES = {
    name: fixed_zone(timedelta(hours=hours))
    for hours, names in _OFFSET_WORDS.items()
    for name in names.split()
}
REGIONS = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}
LONG_ZONES = {
    "asia/jakarta": "Asia/Jakarta",
    "asia/pontianak": "Asia/Jakarta",
    "asia/makassar": "Asia/Makassar",
    "asia/ujung_pandang": "Asia/Makassar",
    "asia/jayapura": "Asia/Jayapura",
    "asia/singapore": "Asia/Singapore",
    "asia/kuala_lumpur": "Asia/Kuala_Lumpur",
    "europe/london": "Europe/London",
    "america/new_york": "America/New_York",
    "america/los_angeles": "America/Los_Angeles",
    "waktu indonesia barat": "Asia/Jakarta",
    "waktu indonesia tengah": "Asia/Makassar",
    "waktu indonesia timur": "Asia/Jayapura",
    "western indonesia time": "Asia/Jakarta",
    "central indonesia time": "Asia/Makassar",
    "eastern indonesia time": "Asia/Jayapura",
    "singapore standard time": "Asia/Singapore",
    "eastern standard time": "America/New_York",
    "eastern daylight time": "America/New_York",
    "eastern time": "America/New_York",
    "central standard time": "America/Chicago",
    "central daylight time": "America/Chicago",
    "pacific standard time": "America/Los_Angeles",
    "pacific daylight time": "America/Los_Angeles",
    "pacific time": "America/Los_Angeles",
    "central european time": "Europe/Berlin",
    "central european summer time": "Europe/Berlin",
    "greenwich mean time": "UTC",
    "coordinated universal time": "UTC",
    "british summer time": "Europe/London",
}

_UNIT_WORDS = {
    1: "detik dtk second seconds sec secs s",
    60: "menit mnt minute minutes min mins m",
    3600: "jam hour hours hr hrs h",
    86400: "hari day days d",
    7 * 86400: "minggu mgg pekan week weeks wk wks w",
    30 * 86400: "bulan bln month months mo",
    365 * 86400: "tahun thn year years yr yrs y",
}
UNITS = {word: seconds for seconds, words in _UNIT_WORDS.items() for word in words.split()}
DAY_WORDS = {
    "kemarin lusa": -2,
    "kemarin": -1,
    "yesterday": -1,
    "hari ini": 0,
    "today": 0,
    "besok": 1,
    "tomorrow": 1,
    "lusa": 2,
}

_COUNT_WORDS = {
    0.5: "setengah half\\sa half\\san",
    1: "a an one satu se",
    2: "dua two",
    3: "tiga three",
    4: "empat four",
    5: "lima five",
    6: "enam six",
    7: "tujuh seven",
    8: "delapan eight",
    9: "sembilan nine",
    10: "sepuluh ten",
}
COUNTS = {
    word.replace("\\s", " "): float(count) for count, words in _COUNT_WORDS.items() for word in words.split()
}
