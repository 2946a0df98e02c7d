"""Sentences of use cases in Indonesian: the API, commands and logs have them in English alone.

In English as the code makes them, with gaps in braces; a gap `word` has no space. The first that fits
counts, so what is more general stands below. Sentences that fill a gap are translated, too.
"""

from syndicator.web.texts.warning_texts import IN_THE_LOG, REFUSALS, WARNINGS

REMEDIES: tuple[tuple[str, str], ...] = (
    # (English, Indonesian): `pipeline.preview.remedies`
    (
        "ask the portal; where you may read it all the same, set {code} in its source",
        "tanyakan kepada portalnya; jika tetap boleh dibaca, tulis {code} pada sumbernya",
    ),
    (
        "see that the address is right, and where it redirects to",
        "periksa alamatnya, dan ke mana ia mengarah",
    ),
    ("check the address, and where it redirects to", "periksa alamatnya, dan ke mana ia mengarah"),
    ("see that the name is spelled right", "periksa ejaan namanya"),
    (
        "try again later; check the port, and the proxy if there is one",
        "coba lagi nanti; periksa port, dan proxy jika ada",
    ),
    (
        "write to the portal; see whether it is there under another name",
        "hubungi portalnya; periksa apakah ia ada dengan nama lain",
    ),
    (
        "try again later; for a slow portal raise timeout in [egress]",
        "coba lagi nanti; untuk portal yang lambat, naikkan timeout di [egress]",
    ),
    ("try again in a moment", "coba lagi sebentar lagi"),
    (
        "look at what it is; raise max_body of the source, or in [egress], if it is honest",
        "periksa isinya; jika memang wajar, naikkan max_body pada sumbernya atau di [egress]",
    ),
    (
        "open the address in a browser, and take the one at which it ends",
        "buka alamatnya di peramban, lalu pakai alamat tempat ia berakhir",
    ),
    (
        "see that the address and its port are those of a web server",
        "periksa apakah alamat dan portnya milik server web",
    ),
    ("preview the address to see what is there", "lihat pratinjau alamatnya"),
    ("write to the portal", "hubungi portalnya"),
    (
        "preview the source to see what each selector brings, and try others",
        "lihat di pratinjau apa yang dibawa setiap selektor, lalu coba yang lain",
    ),
    (
        "look at the document; see whether expressions of the source (re:, replace) are slow",
        "periksa dokumennya; periksa apakah ekspresi sumbernya (re:, replace) lambat",
    ),
    ("the log has the details: please report it", "rinciannya ada di log: mohon laporkan"),
    (
        "try again later; write to the portal if it stays",
        "coba lagi nanti; hubungi portalnya jika tetap begitu",
    ),
    (
        "open the address in a browser, and take the one of the document itself",
        "buka alamatnya di peramban, lalu pakai alamat dokumennya sendiri",
    ),
    (
        "set auth = {code}, or headers, for this source",
        "tulis auth = {code}, atau headers, untuk sumber ini",
    ),
    (
        "ask its owner; set [site] contact, so that they know who asks",
        "tanyakan kepada pemiliknya; isi [site] contact agar mereka tahu siapa yang meminta",
    ),
    (
        "find the new address: preview the portal's home page",
        "cari alamat barunya: lihat pratinjau halaman depan portal",
    ),
    (
        "it is gone for good: remove the source, or find its new address",
        "sudah hilang selamanya: hapus sumbernya, atau cari alamat barunya",
    ),
    (
        "try again later, and give it a longer interval, or per_minute",
        "coba lagi nanti, dan beri jarak yang lebih panjang, atau per_minute",
    ),
    (
        "it may not be shown where you ask from: ask its owner",
        "tidak boleh ditampilkan di tempat Anda: tanyakan kepada pemiliknya",
    ),
    (
        "see that the address opens in a browser; check headers",
        "periksa apakah alamatnya terbuka di peramban; periksa headers",
    ),
    (
        "the server is in trouble: try again later",
        "servernya sedang bermasalah: coba lagi nanti",
    ),
    ("if you trust it: [egress] allow = {code}", "jika Anda memercayainya: [egress] allow = {code}"),
    (
        "check auth, headers or cookies of this source",
        "periksa auth, headers, atau cookies sumber ini",
    ),
    ("{remedy} (it asks for {span})", "{remedy} (servernya meminta {span})"),
)

DETAILS: tuple[tuple[str, str], ...] = (
    # `egress.failures`
    ("{word} did not accept a connection in time.", "{word} tidak menerima sambungan tepat waktu."),
    ("{word} did not answer completely in time.", "{word} tidak menjawab lengkap tepat waktu."),
    (
        "{word} has nothing at this address: check the address (HTTP {status}).",
        "{word} tidak memiliki apa pun di alamat ini: periksa alamatnya (HTTP {status}).",
    ),
    (
        "{word} refuses us: ask its owner, or check the headers of this source (HTTP {status}).",
        "{word} menolak kami: tanyakan kepada pemiliknya, atau periksa headers sumber ini (HTTP {status}).",
    ),
    (
        "{word} asks us to come less often (HTTP {status}).",
        "{word} meminta kami datang lebih jarang (HTTP {status}).",
    ),
    (
        "{word} is overloaded or under repair (HTTP {status}).",
        "{word} kelebihan beban atau sedang diperbaiki (HTTP {status}).",
    ),
    ("{word} has a fault of its own (HTTP {status}).", "{word} mengalami galat (HTTP {status})."),
    (
        "{word} does not give us this document (HTTP {status}).",
        "{word} tidak memberikan dokumen ini (HTTP {status}).",
    ),
)

DUE: tuple[tuple[str, str], ...] = (
    # `rules.sources.cadence`, and the schedules
    ("{because}; last round failed ({code})", "{because}; putaran terakhir gagal ({code})"),
    (
        "slowed down after {count} failed rounds ({code})",
        "diperlambat setelah {count} putaran gagal ({code})",
    ),
    (
        "slowed down after {count} rounds that broke ({code})",
        "diperlambat setelah {count} putaran terputus ({code})",
    ),
    (
        "a fault of this service, tried again after {span} ({code})",
        "galat layanan ini, dicoba lagi setelah {span} ({code})",
    ),
    (
        "asked too often, left alone for {span} ({code})",
        "terlalu sering diminta, dibiarkan selama {span} ({code})",
    ),
    ("the server asks to wait {span} ({code})", "servernya meminta menunggu {span} ({code})"),
    (
        "its turn did not come, tried again in {span} ({code})",
        "gilirannya belum tiba, dicoba lagi dalam {span} ({code})",
    ),
    (
        "{because}; what was due while nothing ran is skipped",
        "{because}; yang jatuh tempo saat tidak ada yang berjalan dilewati",
    ),
    ("{because}, but it rests until {at}: {rest}", "{because}, tetapi beristirahat hingga {at}: {rest}"),
    (
        "every {word} while its hub pushes, else {rest}",
        "tiap {word} selama hubnya mengirim, selain itu {rest}",
    ),
    ("every {word}", "tiap {word}"),
    ("adaptive: {why}; asked again after {span}", "adaptif: {why}; diminta lagi setelah {span}"),
    ("its hub pushes, so only to be sure", "hubnya mengirim, jadi hanya untuk memastikan"),
    ("nothing is known of its rhythm yet", "iramanya belum diketahui"),
    (
        "next to nothing new lately, so as rarely as may be ({rest})",
        "akhir-akhir ini hampir tidak ada yang baru, jadi sejarang mungkin ({rest})",
    ),
    (
        "often something new lately, so as often as may be ({rest})",
        "akhir-akhir ini sering ada yang baru, jadi sesering mungkin ({rest})",
    ),
    (
        "about one new article every {span} is expected at this hour of the week",
        "pada jam ini dalam sepekan diperkirakan satu artikel baru tiap {span}",
    ),
)

AT_ENDPOINTS: tuple[tuple[str, str], ...] = (
    # `rules.webhooks.delivery_trace`, and what it takes from its neighbours
    (
        "{word} was delivered at {at}, at attempt {count} (HTTP {status}).",
        "{word} terkirim pada {at}, pada percobaan ke-{count} (HTTP {status}).",
    ),
    (
        "{word} was not sent: at {at}, {newer} took its place.",
        "{word} tidak dikirim: pada {at} digantikan {newer}.",
    ),
    (
        "{word} is dead since {at}, after {attempts} ({code}); {command} sends it again.",
        "{word} gagal permanen sejak {at}, setelah {attempts} ({code}); {command} mengirimnya lagi.",
    ),
    (
        "{word} is dead since {at}, after {attempts} ({code}), and is kept no more.",
        "{word} gagal permanen sejak {at}, setelah {attempts} ({code}), dan tidak disimpan lagi.",
    ),
    ("{word} is being sent now, attempt {count}.", "{word} sedang dikirim, percobaan ke-{count}."),
    (
        "{word} waits to be fanned out: see that a worker runs ({command}).",
        "{word} menunggu dibagikan: pastikan ada worker yang berjalan ({command}).",
    ),
    ("{word} waits: {why}.", "{word} menunggu: {why}."),
    ("{word} is not sent: {why}.", "{word} tidak dikirim: {why}."),
    ("{word} was not sent: {why}; {backfill}.", "{word} tidak dikirim: {why}; {backfill}."),
    ("{command} sends what was published before", "{command} mengirim yang terbit sebelumnya"),
    (
        "the endpoint was added at {at}, after the event",
        "penerima ditambahkan pada {at}, setelah kabar itu",
    ),
    ("1 attempt", "1 percobaan"),
    ("{word} attempts", "{word} percobaan"),
    (
        "{failed}, so the circuit is open and nothing is sent before {at}",
        "{failed}, sehingga kiriman ditahan dan tidak ada yang dikirim sebelum {at}",
    ),
    (
        "{failed}, so one attempt is made at a time until one works",
        "{failed}, sehingga dicoba satu per satu hingga ada yang berhasil",
    ),
    ("1 attempt failed", "1 percobaan gagal"),
    ("{word} attempts failed in a row", "{word} percobaan gagal berturut-turut"),
    (
        "{attempts} failed, the last with {code}; next at {at}",
        "{attempts} gagal, terakhir {code}; berikutnya {at}",
    ),
    ("an older revision ({word}) is being sent", "revisi yang lebih lama ({word}) sedang dikirim"),
    (
        "the digest that it is part of is sent at {at} at the latest",
        "ringkasan yang memuatnya dikirim paling lambat {at}",
    ),
    (
        "its rate of {rate} lets the next one go at {at}",
        "batas lajunya {rate}: kiriman berikutnya pada {at}",
    ),
    (
        "the receiver asked for rest until {at} (Retry-After)",
        "penerimanya meminta jeda hingga {at} (Retry-After)",
    ),
    (
        "the endpoint is paused{rest}; {command} sends it",
        "penerima dijeda{rest}; {command} mengirimnya",
    ),
    (
        "its address is not verified; {command}",
        "alamatnya belum diverifikasi; {command}",
    ),
    ("the endpoint asks for {asked} (events)", "penerima meminta {asked} (events)"),
    (
        "its article is withdrawn, or not kept any more",
        "artikelnya ditarik, atau tidak disimpan lagi",
    ),
    (
        "the endpoint was sent the same text before, as article {word}",
        "teks yang sama sudah dikirim ke penerima sebagai artikel {word}",
    ),
    ("{word} takes {asked}, the article has {has}", "{word} meminta {asked}, artikel ini memiliki {has}"),
    ("filter.query {query} does not find the article", "filter.query {query} tidak menemukan artikel ini"),
)

IN_FEEDS: tuple[tuple[str, str], ...] = (
    # `pipeline.ops.feed_trace` and `pipeline.ops.article_trace`
    ("It shows the article.", "Menampilkan artikel ini."),
    ("It shows the article at rank {rank}.", "Menampilkan artikel ini di urutan {rank}."),
    (
        "It shows the story by its first article, {word}.",
        "Menampilkan beritanya lewat artikel pertamanya, {word}.",
    ),
    ("It shows another article with the same text.", "Menampilkan artikel lain dengan teks yang sama."),
    (
        "It shows its {size} newest entries (size), and this one is older.",
        "Menampilkan {size} entri terbaru (size), dan yang ini lebih lama.",
    ),
    (
        "It is not among the {size} most popular ones (size).",
        "Tidak termasuk {size} terpopuler (size).",
    ),
    ("The article is withdrawn.", "Artikelnya ditarik."),
    (
        "The article waits to be assigned to a story, and is shown after that.",
        "Artikelnya menunggu dimasukkan ke sebuah berita, lalu ditampilkan.",
    ),
    (
        "It is a copy of {word}: {share} of the shorter text is in the longer.",
        "Salinan dari {word}: {share} teks yang lebih pendek ada di yang lebih panjang.",
    ),
    ("It is a copy of {word}.", "Salinan dari {word}."),
    (
        "It joined the story {word}: similarity {found}, needed {needed}.",
        "Bergabung dengan berita {word}: kemiripan {found}, diperlukan {needed}.",
    ),
    (
        "It founded the story, which other articles joined.",
        "Memulai berita yang kemudian diikuti artikel lain.",
    ),
    ("It is a story of its own.", "Menjadi berita tersendiri."),
)

LOOKED: tuple[tuple[str, str], ...] = (
    # `pipeline.preview`, beside an address that was tried
    ("{fault}. → {remedy}", "{fault}. → {remedy}"),
    (
        "{word} is not a public address: if it is meant, allow its network in [egress]",
        "{word} bukan alamat publik: jika memang dimaksud, izinkan jaringannya di [egress]",
    ),
    ("{word} is not a public address", "{word} bukan alamat publik"),
    (
        "there is neither a feed nor a sitemap nor a list of articles at {word}: {why}",
        "tidak ada feed, sitemap, atau daftar artikel di {word}: {why}",
    ),
    (
        "no list of links to articles is seen on the page",
        "tidak terlihat daftar tautan artikel di halaman itu",
    ),
    (
        "name a page that lists articles, or write its selectors yourself ({code})",
        "beri halaman yang mendaftar artikel, atau tulis sendiri selektornya ({code})",
    ),
    ("nothing was found within {span}", "tidak ada yang ditemukan dalam {span}"),
)

HEALTH: tuple[tuple[str, str], ...] = (
    # `rules.webhooks.endpoint_health` and `rules.sources.health`; an endpoint may have several, with commas
    ("{because}; nothing is sent before {word}", "{because}; tidak ada yang dikirim sebelum {word}"),
    ("nothing is sent before {word}", "tidak ada yang dikirim sebelum {word}"),
    ("nothing is sent there before it is verified", "tidak ada yang dikirim ke sana sebelum diverifikasi"),
    ("its secrets cannot be opened here", "rahasianya tidak dapat dibuka di sini"),
    ("1 delivery is dead", "1 kiriman gagal permanen"),
    ("{word} deliveries are dead", "{word} kiriman gagal permanen"),
    ("1 failure in a row", "1 kegagalan"),
    ("{word} failures in a row", "{word} kegagalan berturut-turut"),
    ("it has been due for {span}", "seharusnya sudah diambil {span} yang lalu"),
    ("the last round failed ({word}): {detail}", "putaran terakhir gagal ({word}): {detail}"),
    ("the last {word} rounds failed ({code}): {detail}", "{word} putaran terakhir gagal ({code}): {detail}"),
    ("these selectors find nothing any more: {rest}", "selektor ini tidak menemukan apa-apa lagi: {rest}"),
    ("nothing could be read: {rest}", "tidak ada yang dapat dibaca: {rest}"),
    (
        "nothing new for {silence}, in which about {count} articles usually come",
        "tidak ada yang baru selama {silence}; biasanya datang sekitar {count} artikel",
    ),
)

INDONESIAN = (
    *LOOKED,
    *REMEDIES,
    *DETAILS,
    *HEALTH,
    *DUE,
    *IN_THE_LOG,
    *AT_ENDPOINTS,
    *IN_FEEDS,
    *WARNINGS,
    *REFUSALS,
)
