"""What the portal of partners says, in the languages that we speak."""

from collections.abc import Mapping

PORTAL_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "sign_in_intro.portal": (
        "Portal partner: penerima webhook dan feed privat Anda.",
        "The partners' portal: your webhook endpoints and private feeds.",
    ),
    "sign_in_by_link.portal": (
        "Atau minta tautan masuk dari pengelola layanan ini: berlaku sekali, selama sehari.",
        "Or ask whoever runs this service for a link that signs you in: it works once, within a day.",
    ),
    "link_works_once": (
        "Tautan ini hanya berlaku sekali. Peramban ini akan tetap masuk selama 30 hari.",
        "This link works once. This browser then stays signed in for 30 days.",
    ),
    "place.endpoints": ("Penerima", "Endpoints"),
    "place.add-endpoint": ("Tambah penerima", "Add an endpoint"),
    "place.verification": ("Kode verifikasi", "Verification code"),
    "your_endpoints": ("Penerima Anda", "Your endpoints"),
    "portal_lead": (
        "Kabar dikirim ke penerima Anda begitu terjadi, bertanda tangan, dan diulang sampai diterima.",
        "Events are sent to your endpoints as they happen, signed, and again until they are taken.",
    ),
    "no_endpoints_yet": (
        "Belum ada penerima. Siapkan alamat yang menjawab POST, lalu tambahkan di sini.",
        "There is no endpoint yet. Have an address ready that answers POST, and add it here.",
    ),
    "your_feeds": ("Feed privat Anda", "Your private feeds"),
    "your_feeds_why": (
        "Dibuka dengan token Anda sebagai kata sandi; nama pengguna bebas.",
        "Your token opens them as a password; any user name will do.",
    ),
    "no_private_feeds": (
        "Token ini tidak membuka feed privat.",
        "This token opens no private feed.",
    ),
    "endpoint_url": ("Alamat penerima (https)", "Address of the endpoint (https)"),
    "endpoint_url_hint": (
        "Alamat ini mendapat tantangan dulu; kabar baru dikirim setelah tantangan itu dikembalikan.",
        "It gets a challenge first; events are sent once it has given that back.",
    ),
    "which_events": ("Kabar apa", "Which events"),
    "which_articles": ("Artikel yang mana", "Which articles"),
    "which_articles_hint": (
        "Kosong: semua. Beberapa nilai dipisahkan koma.",
        "Empty: all. Several values with commas between.",
    ),
    "field.section": ("Rubrik", "Sections"),
    "field.source": ("Sumber", "Sources"),
    "field.tag": ("Tag", "Tags"),
    "field.language": ("Bahasa", "Languages"),
    "field.author": ("Reporter", "Reporters"),
    "field.query": ("Kata yang dicari", "Words to be found"),
    "how_much": ("Seberapa banyak", "How much of each"),
    "payload.full": ("seluruh artikel", "the whole article"),
    "payload.summary": ("tanpa isi teks", "without its text"),
    "payload.thin": ("penanda saja", "what tells which it is"),
    "event_kind.article.created": ("artikel baru", "a new article"),
    "event_kind.article.updated": ("artikel berubah", "an article changed"),
    "event_kind.article.corrected": ("artikel diralat", "an article was corrected"),
    "event_kind.article.withdrawn": ("artikel ditarik", "an article was withdrawn"),
    "event_kind.article.restored": ("artikel dikembalikan", "an article is back"),
    "event_kind.story.grown": ("satu berita dimuat media lain lagi", "one more newsroom reports a story"),
    "event_kind.popularity.crossed": ("artikel menjadi terpopuler", "an article became one of the most read"),
    "event_kind.feed.updated": ("sebuah feed berubah", "a feed changed"),
    "event_kind.endpoint.failing": ("penerima Anda gagal", "your endpoint fails"),
    "event_kind.endpoint.disabled": ("penerima Anda dimatikan", "your endpoint was disabled"),
    "event_kind.endpoint.recovered": ("penerima Anda pulih", "your endpoint works again"),
    "show_preview": ("Lihat contoh sehari", "Show what the last day brought"),
    "preview_of_day": (
        "Yang akan Anda terima dalam sehari terakhir",
        "What you would have got in the last day",
    ),
    "preview_count": ("{count} kabar sejak {when}", "{count} events since {when}"),
    "preview_cut": (
        "Hanya kabar terbaru yang dilihat.",
        "Only the newest events were looked at.",
    ),
    "preview_none": (
        "Tidak ada. Longgarkan pilihan di atas.",
        "None. Choose less narrowly above.",
    ),
    "verification_lead": (
        "Setiap kode adalah penerima utuh: memeriksa tanda tangan dan menjawab tantangan. Ganti rahasianya.",
        "Each is a whole receiver: it verifies signatures and answers the challenge. Put your secret in.",
    ),
    "next_steps": ("Langkah berikutnya", "What to do next"),
    "step_secret": (
        "Simpan rahasia di atas di penerima Anda; ia tidak ditampilkan lagi.",
        "Put the secret above into your receiver; it is not shown again.",
    ),
    "step_code": ("Pasang kode yang memeriksa tanda tangan", "Install code that verifies signatures"),
    "step_verify": (
        "Tekan “Verifikasi”: penerima harus mengembalikan tantangannya.",
        "Press “Verify”: the endpoint has to give the challenge back.",
    ),
    "delivered_of_late": ("Terkirim dalam sehari terakhir", "Delivered in the last day"),
    "usage_said": (
        "{delivered} terkirim, {failed} percobaan gagal; median {median} ms, terlama {slowest} ms",
        "{delivered} delivered, {failed} attempts failed; median {median} ms, slowest {slowest} ms",
    ),
    "usage_axis": ("per jam; tertinggi {most}", "by hour; highest {most}"),
}
