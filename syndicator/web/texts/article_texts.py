"""What the console's pages of articles say, in the languages that we speak."""

from collections.abc import Mapping

ARTICLE_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "articles_console_intro": (
        "Ikuti satu artikel dari permintaan hingga feed dan penerima.",
        "Follow one article from the request to feeds and partners.",
    ),
    "id_or_address": ("Nama, alamat di portalnya, atau kata", "Id, address at its portal, or words"),
    "articles_found_newest": (
        "{found} artikel ditemukan, {shown} terbaru ditampilkan",
        "{found} articles found, the newest {shown} are shown",
    ),
    "not_all_searched": (
        "Belum semua artikel dapat dicari",
        "Not all articles could be searched yet",
    ),
    "follow_it": ("Ikuti", "Follow"),
    "no_such_article": ("Tidak ada artikel seperti itu.", "There is no such article."),
    "no_articles": ("Belum ada artikel.", "There is no article yet."),
    "at_partners": ("Pada penerima", "At endpoints"),
    "why": ("Mengapa", "Why"),
    "in_feeds": ("Dalam feed", "In feeds"),
    "since": ("Sejak", "Since"),
    "feed_shows": ("Ditampilkan", "Shown"),
    "feed_lacks": ("Tidak ditampilkan", "Not shown"),
    "feed_unread": ("Filternya cocok", "Its filter takes it"),
    "how_it_came": ("Perjalanannya", "How it came"),
    "was_requested": ("Diambil dari sumber", "Requested from the source"),
    "was_pushed": ("Dikirim oleh hub sumber", "Pushed by the hub of the source"),
    "round_of": ("Putaran {when}", "Round of {when}"),
    "round_brought": ("{new} baru, {changed} berubah", "{new} new, {changed} changed"),
    "admitted.new": ("Baru", "New"),
    "admitted.changed": ("Berubah", "Changed"),
    "admitted.duplicate": ("Juga di sumber lain", "Also at another source"),
    "admitted.withdrawn": ("Ditarik", "Withdrawn"),
    "admitted.restored": ("Dipulihkan", "Restored"),
    "not_fanned_out": ("belum dibagikan", "not fanned out yet"),
    "see_story": ("Lihat beritanya", "See the story"),
    "its_names": ("Pengenalnya", "Its identities"),
    "known_by": ("dikenal dari {what}", "known by {what}"),
    "withdraw": ("Tarik artikel", "Withdraw it"),
    "withdraw_why": (
        "Artikel hilang dari semua feed dan halaman, dan penerima diberi tahu alasannya.",
        "It leaves all feeds and pages, and partners are told why.",
    ),
    "restore": ("Pulihkan artikel", "Restore it"),
    "note.article_withdrawn": ("Artikel ditarik.", "The article is withdrawn."),
    "note.article_restored": ("Artikel dipulihkan.", "The article is restored."),
}
