"""What the console's pages of stories and popular lists say, in the languages that we speak."""

from collections.abc import Mapping

STORY_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "stories_intro": (
        "Peristiwa yang diberitakan beberapa artikel; yang terakhir bertambah ada di atas.",
        "What several articles report; the one that grew last is on top.",
    ),
    "story": ("Berita", "Story"),
    "last_grown": ("Terakhir bertambah", "Last grown"),
    "no_stories": ("Belum ada berita dengan beberapa artikel.", "There is no story of several articles yet."),
    "its_articles": ("Artikelnya", "Its articles"),
    "article": ("Artikel", "Article"),
    "first_seen": ("Pertama terlihat", "First seen"),
    "why_here": ("Mengapa di sini", "Why here"),
    "copy_of_another": ("Salinan", "Copy"),
    "similarity": ("kemiripan {found}, perlu {needed}", "similarity {found}, needed {needed}"),
    "shared_text": (
        "{share} dari teks yang lebih pendek ada di yang lebih panjang",
        "{share} of the shorter text is in the longer",
    ),
    "its_first": ("yang pertama", "the first one"),
    "split": ("Keluarkan", "Split"),
    "join": ("Gabungkan", "Join"),
    "join_why": (
        "Kedua berita menjadi satu untuk seterusnya, di semua feed.",
        "The two stories become one for good, in all feeds.",
    ),
    "join_with": (
        "Artikel lain (nama atau alamatnya di sini)",
        "Another article (its id, or its address here)",
    ),
    "note.story_split": ("Artikel dikeluarkan dari berita.", "The article is taken out of the story."),
    "note.story_joined": ("Kedua berita kini satu.", "The two stories are one now."),
    "boards_intro": (
        "Daftar feed populer, dan mengapa setiap artikel ada di tempatnya.",
        "The lists of popular feeds, and why each article stands where it does.",
    ),
    "place_in_list": ("Peringkat", "Rank"),
    "published_at": ("Terbit", "Published"),
    "score": ("Skor", "Score"),
    "made_of": ("Terdiri atas", "Made of"),
    "when_ranked": ("{score} saat diurutkan", "{score} when it was ranked"),
    "of_counted": ("dari {count}", "of {count}"),
    "no_signals": ("tanpa sinyal", "no signals"),
    "nothing_ranked": ("Belum ada yang diurutkan.", "Nothing was ranked yet."),
    "no_boards": ("Tidak ada feed populer.", "There is no popular feed."),
}
