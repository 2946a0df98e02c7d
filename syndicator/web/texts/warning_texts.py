"""Warnings of sources, and refusals of use cases, in Indonesian: see `sentence_texts`."""

WARNINGS: tuple[tuple[str, str], ...] = (
    # (English, Indonesian): `rules.sources`, `pipeline.sources`, `gather`
    (
        "selectors find nothing any more: {names}; the portal may have been redesigned",
        "selektor ini tidak menemukan apa-apa lagi: {names}; mungkin tampilan portalnya berubah",
    ),
    (
        "all {word} entries were new: some were probably missed since the round before; {remedy}",
        "semua {word} entri baru: mungkin ada yang terlewat sejak putaran sebelumnya; {remedy}",
    ),
    ("it is read more often from now on", "mulai sekarang dibaca lebih sering"),
    (
        "a shorter interval, or `adaptive`, would keep up with it",
        "jarak yang lebih pendek, atau `adaptive`, akan mengimbanginya",
    ),
    (
        "where it had moved to is gone ({code}): the configured address is asked again",
        "alamat pindahannya sudah tidak ada ({code}): alamat yang dikonfigurasi dipakai lagi",
    ),
    ("{word} article pages, such as {url}: {why}", "{word} halaman artikel, misalnya {url}: {why}"),
    ("article page {word}: {why}", "halaman artikel {word}: {why}"),
    (
        "articles left for the next round: {word}",
        "artikel yang menunggu putaran berikutnya: {word}",
    ),
    ("and {word} more", "dan {word} lagi"),
    ("{word} more warnings of entries", "{word} peringatan lain tentang entri"),
    (
        "{word} more entries than the {most} that one round takes",
        "{word} entri lebih banyak daripada {most} yang diambil dalam satu putaran",
    ),
    ("entry {word} skipped: {why}", "entri {word} dilewati: {why}"),
    (
        "it has neither link nor guid nor title nor text",
        "tidak memiliki tautan, guid, judul, maupun teks",
    ),
    ("the feed has no entries", "feed ini tidak berisi entri"),
    ("it is gzipped, which no header says", "isinya gzip, tetapi tidak ada header yang menyebutnya"),
    (
        "the Content-Type is {kind}, which is not that of a feed",
        "Content-Type-nya {kind}, bukan milik feed",
    ),
    ("the document is empty", "dokumennya kosong"),
    (
        "the document is cut off at line {word}: what is complete is read",
        "dokumennya terpotong di baris {word}: yang utuh dibaca",
    ),
    (
        "no text of an article was found: give article.body a selector",
        "teks artikel tidak ditemukan: beri article.body sebuah selektor",
    ),
    (
        "no date was found: the time of first sight counts",
        "tanggal tidak ditemukan: waktu pertama terlihat yang berlaku",
    ),
    ("{word} finds nothing", "{word} tidak menemukan apa-apa"),
    ("the sitemap {word} could not be read: {why}", "sitemap {word} tidak dapat dibaca: {why}"),
    ("list page {word} could not be read: {why}", "halaman daftar {word} tidak dapat dibaca: {why}"),
    ("what the hub pushed could not be read: {why}", "kiriman dari hub tidak dapat dibaca: {why}"),
    (
        "it lists more than {word} addresses: the rest is not read",
        "mendaftar lebih dari {word} alamat: sisanya tidak dibaca",
    ),
)

REFUSALS: tuple[tuple[str, str], ...] = (
    # Of use cases that pages of the console call
    (
        "the configuration has a token {word}: take another id",
        "konfigurasi sudah memiliki token {word}: pakai id lain",
    ),
    (
        "there is a token {word} already: take another id, or revoke it first",
        "token {word} sudah ada: pakai id lain, atau cabut dulu",
    ),
    (
        "there are {word} tokens, and no more are kept: revoke one first",
        "sudah ada {word} token, dan tidak dapat lebih: cabut satu dulu",
    ),
    (
        "a token without scopes and feeds could do nothing",
        "token tanpa cakupan dan feed tidak berguna",
    ),
    (
        "the token {word} is configured: remove {table}, and save the file",
        "token {word} ada di konfigurasi: hapus {table}, lalu simpan berkasnya",
    ),
    ("the token {word} was changed meanwhile: try again", "token {word} baru saja diubah: coba lagi"),
    ("{word} stands in the files: change it there", "{word} ada di berkas: ubah di sana"),
    ("{word} is there already: choose another id", "{word} sudah ada: pilih id lain"),
    ("{word} is not configured", "{word} tidak ada di konfigurasi"),
    (
        "the pause would have ended already: {at} UTC is past",
        "jeda itu sudah akan berakhir: {at} UTC sudah lewat",
    ),
    ("its past is not being gathered", "artikel lamanya tidak sedang diambil"),
    (
        "its past is being gathered already, since {at}: stop that first",
        "artikel lamanya sudah diambil sejak {at}: hentikan dulu",
    ),
    ("{word} UTC is not past", "{word} UTC belum lewat"),
    ("article {word} was named twice: name two", "artikel {word} disebut dua kali: sebut dua artikel"),
    ("article {word} is a story of its own already", "artikel {word} sudah menjadi berita tersendiri"),
    ("articles {word} and {other} are one story already", "artikel {word} dan {other} sudah satu berita"),
    (
        "there is no article {word} (or it has outlived its retention)",
        "tidak ada artikel {word} (atau masa simpannya sudah lewat)",
    ),
    ("the endpoint asks for none of these events", "penerima tidak meminta satu pun dari kabar ini"),
    (
        "{word} replays run already: wait for one, or cancel it",
        "sudah ada {word} kiriman ulang yang berjalan: tunggu, atau batalkan satu",
    ),
    ("there is no replay {word}", "tidak ada kiriman ulang {word}"),
)

IN_THE_LOG: tuple[tuple[str, str], ...] = (
    # `rules.webhooks.delivery_trace`
    (
        (
            "{word} waits in the log of events, because the queue of the endpoint is full: {much}, "
            "and are sent in their order"
        ),
        "{word} menunggu di log kabar karena antrean penerima penuh: {much}, dan dikirim menurut urutannya",
    ),
    ("about {word} events wait there since {at}", "sekitar {word} kabar menunggu di sana sejak {at}"),
    (
        "{word} is wanted by the settings of today, and no delivery is recorded: {why}",
        "{word} diminta oleh pengaturan saat ini, tetapi tidak ada kiriman yang tercatat: {why}",
    ),
    (
        (
            "they were changed since, the endpoint was configured later, or its log of attempts does not "
            "reach back so far"
        ),
        (
            "pengaturannya berubah sejak itu, penerimanya dikonfigurasi kemudian, atau catatan percobaannya "
            "tidak sejauh itu"
        ),
    ),
    (
        "deliveries of this event are spread over time, and this one is due at {at}",
        "kiriman kabar ini disebar dalam waktu, dan yang ini jatuh tempo {at}",
    ),
)
