"""Addresses of well-known portals, their forms real, their headlines and numbers made up."""

VIEWS: dict[str, tuple[str, ...]] = {
    "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html": (
        "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html?unlocked_article_code=1.pE0.abcd.xyz&smid=url-share",
        "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html?searchResultPosition=3",
        "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html?partner=rss&emc=rss",
        "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html?referringSource=articleShare",
        "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html?action=click&module=Top%20Stories&pgtype=Homepage",
        "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html?ref=oembed",
    ),
    "https://www.washingtonpost.com/world/2024/05/01/kota-banjir/": (
        "https://www.washingtonpost.com/world/2024/05/01/kota-banjir/?pwapi_token=eyJ0&itid=gfta",
        "https://www.washingtonpost.com/world/2024/05/01/kota-banjir/?itid=hp-top-table-main_p001_f001",
    ),
    "https://www.wsj.com/articles/kota-banjir-1a2b3c4d": (
        "https://www.wsj.com/articles/kota-banjir-1a2b3c4d?st=x1y2z3&reflink=desktopwebshare_permalink",
        "https://www.wsj.com/articles/kota-banjir-1a2b3c4d?mod=hp_lead_pos1",
        "https://www.wsj.com/amp/articles/kota-banjir-1a2b3c4d",
    ),
    "https://www.ft.com/content/0a1b2c3d-0000-4000-8000-000000000001": (
        "https://www.ft.com/content/0a1b2c3d-0000-4000-8000-000000000001?accessToken=zwAA&sharetype=gift&token=7f",
        "https://amp.ft.com/content/0a1b2c3d-0000-4000-8000-000000000001",
        "https://www.ft.com/content/0a1b2c3d-0000-4000-8000-000000000001?shareType=nongift",
    ),
    "https://www.bloomberg.com/news/articles/2024-05-01/kota-banjir": (
        "https://www.bloomberg.com/news/articles/2024-05-01/kota-banjir?accessToken=eyJh&leadSource=uverify%20wall",
        "https://www.bloomberg.com/news/articles/2024-05-01/kota-banjir?srnd=premium-asia",
        "https://www.bloomberg.com/amp/news/articles/2024-05-01/kota-banjir",
    ),
    "https://www.economist.com/asia/2024/05/01/kota-banjir": (
        "https://www.economist.com/asia/2024/05/01/kota-banjir?giftId=0f1e2d3c",
    ),
    "https://www.theatlantic.com/international/archive/2024/05/kota-banjir/678001/": (
        "https://www.theatlantic.com/international/archive/2024/05/kota-banjir/678001/?gift=AbC_dEf",
    ),
    "https://www.telegraph.co.uk/world-news/2024/05/01/kota-banjir/": (
        "https://www.telegraph.co.uk/world-news/2024/05/01/kota-banjir/?WT.mc_id=tmg_share_tw",
        "https://www.telegraph.co.uk/world-news/2024/05/01/kota-banjir/amp/",
    ),
    "https://www.theguardian.com/world/2024/may/01/kota-banjir": (
        "https://amp.theguardian.com/world/2024/may/01/kota-banjir?CMP=share_btn_url",
    ),
    "https://www.reuters.com/world/asia-pacific/kota-banjir-2024-05-01/": (
        "https://www.reuters.com/world/asia-pacific/kota-banjir-2024-05-01/?taid=66311&utm_medium=trueanthem",
    ),
    "https://www.reuters.com/article/kota-banjir-idUSKBN1AB1AB": (
        "https://mobile.reuters.com/article/amp/kota-banjir-idUSKBN1AB1AB",
        "https://www.reuters.com/article/kota-banjir-idUSKBN1AB1AB?feedType=RSS&feedName=worldNews",
    ),
    "https://www.bbc.com/news/world-asia-68900001": (
        "https://www.bbc.co.uk/news/world-asia-68900001",
        "https://m.bbc.co.uk/news/world-asia-68900001",
        "https://www.bbc.co.uk/news/amp/world-asia-68900001",
        "https://www.bbc.com/news/world-asia-68900001?intlink_from_url=https://www.bbc.com/news/topics/x&link_location=live-reporting-story",
    ),
    "https://www.bbc.com/sport/football/articles/c0aaa1bbb2co": (
        "https://www.bbc.co.uk/sport/football/articles/c0aaa1bbb2co.amp",
    ),
    "https://www.bbc.com/indonesia/articles/c0aaa1bbb2co": (
        "https://www.bbc.com/indonesia/articles/c0aaa1bbb2co.amp?xtor=AL-73",
    ),
    "https://www.cnn.com/2024/05/01/asia/kota-banjir-intl-hnk/index.html": (
        "https://edition.cnn.com/2024/05/01/asia/kota-banjir-intl-hnk/index.html",
        "https://amp.cnn.com/cnn/2024/05/01/asia/kota-banjir-intl-hnk",
        "https://lite.cnn.com/2024/05/01/asia/kota-banjir-intl-hnk/index.html",
        "https://us.cnn.com/2024/05/01/asia/kota-banjir-intl-hnk/index.html?iid=ob_lockedrail",
        "https://edition.cnn.com/2024/05/01/asia/kota-banjir-intl-hnk/index.html?cid=ios_app",
    ),
    "https://www.aljazeera.com/news/2024/5/1/kota-banjir": (
        "https://www.aljazeera.com/amp/news/2024/5/1/kota-banjir",
        "https://www.aljazeera.com/news/2024/5/1/kota-banjir?traffic_source=rss",
    ),
    "https://www.dw.com/id/kota-banjir/a-68900001": (
        "https://amp.dw.com/id/kota-banjir/a-68900001",
        "https://www.dw.com/id/kota-banjir/a-68900001?maca=ind-rss-ind-all-1487-rdf",
    ),
    "https://www.france24.com/en/asia/20240501-kota-banjir": (
        "https://amp.france24.com/en/asia/20240501-kota-banjir",
        "https://www.france24.com/en/asia/20240501-kota-banjir?xtor=RSS-1",
    ),
    "https://www.spiegel.de/ausland/kota-banjir-a-0a1b2c3d-0000-4000-8000-000000000001": (
        "https://www.spiegel.de/ausland/kota-banjir-a-0a1b2c3d-0000-4000-8000-000000000001-amp",
        "https://www.spiegel.de/ausland/kota-banjir-a-0a1b2c3d-0000-4000-8000-000000000001?sara_ref=re-so-tw-sh#ref=rss",
    ),
    "https://www.sueddeutsche.de/politik/kota-banjir-1.6900001": (
        "https://www.sueddeutsche.de/politik/kota-banjir-1.6900001!amp",
        "https://www.sueddeutsche.de/politik/kota-banjir-1.6900001?reduced=true",
    ),
    "https://www.zeit.de/politik/2024-05/kota-banjir": (
        "https://www.zeit.de/politik/2024-05/kota-banjir/komplettansicht",
        "https://www.zeit.de/politik/2024-05/kota-banjir?wt_zmc=sm.ext.zonaudev.twitter",
        "https://www.zeit.de/amp/politik/2024-05/kota-banjir",
    ),
    "https://www.faz.net/aktuell/politik/kota-banjir-19690001.html": (
        "https://www.faz.net/aktuell/politik/kota-banjir-19690001.amp.html",
        "https://www.faz.net/aktuell/politik/kota-banjir-19690001.html?GEPC=s3&printPagedArticle=true",
    ),
    "https://elpais.com/internacional/2024-05-01/kota-banjir.html": (
        "https://elpais.com/internacional/2024-05-01/kota-banjir.html?outputType=amp",
        "https://elpais.com/internacional/2024-05-01/kota-banjir.html?ssm=TW_CC&event_log=oklogin",
    ),
    "https://www.infobae.com/america/mundo/2024/05/01/kota-banjir/": (
        "https://www.infobae.com/america/mundo/2024/05/01/kota-banjir/?outputType=amp-type",
    ),
    "https://timesofindia.indiatimes.com/world/kota-banjir/articleshow/109000001.cms": (
        "https://timesofindia.indiatimes.com/world/kota-banjir/amp_articleshow/109000001.cms",
        "https://m.timesofindia.com/world/kota-banjir/articleshow/109000001.cms",
        "https://timesofindia.indiatimes.com/world/kota-banjir/articleshow/109000001.cms?from=mdr",
    ),
    "https://economictimes.indiatimes.com/news/kota-banjir/articleshow/109000002.cms": (
        "https://m.economictimes.com/news/kota-banjir/amp_articleshow/109000002.cms",
    ),
    "https://www.ndtv.com/world-news/kota-banjir-5500001": (
        "https://www.ndtv.com/world-news/kota-banjir-5500001/amp/1",
        "https://www.ndtv.com/world-news/kota-banjir-5500001?amp=1&akamai-rum=off",
    ),
    "https://www.thehindu.com/news/kota-banjir/article68000001.ece": (
        "https://www.thehindu.com/news/kota-banjir/article68000001.ece/amp/",
        "https://www.thehindu.com/news/kota-banjir/article68000001.ece?homepage=true",
    ),
    "https://indianexpress.com/article/world/kota-banjir-9300001/": (
        "https://indianexpress.com/article/world/kota-banjir-9300001/lite/",
    ),
    "https://news.yahoo.com/kota-banjir-120000001.html": (
        "https://news.yahoo.com/kota-banjir-120000001.html?guccounter=1&guce_referrer=aHR0&guce_referrer_sig=AQA",
        "https://news.yahoo.com/kota-banjir-120000001.html?.tsrc=rss&soc_src=social-sh&soc_trk=tw",
        "https://www.yahoo.com/news/kota-banjir-120000001.html",
    ),
    "https://www.npr.org/2024/05/01/1248000001/kota-banjir": (
        "https://www.npr.org/2024/05/01/1248000001/kota-banjir?ft=nprml&f=1001",
    ),
    "https://www.cbsnews.com/news/kota-banjir/": (
        "https://www.cbsnews.com/news/kota-banjir/?ftag=CNM-00-10aab7e",
        "https://www.cbsnews.com/amp/news/kota-banjir/",
    ),
    "https://www.cnbc.com/2024/05/01/kota-banjir.html": (
        "https://www.cnbc.com/amp/2024/05/01/kota-banjir.html",
        "https://www.cnbc.com/2024/05/01/kota-banjir.html?__source=iosappshare%7Ccom.apple",
    ),
    "https://www.forbes.com/sites/sari/2024/05/01/kota-banjir/": (
        "https://www.forbes.com/sites/sari/2024/05/01/kota-banjir/?sh=1a2b3c4d5e6f",
    ),
    "https://www.businessinsider.com/kota-banjir-2024-5": (
        "https://www.businessinsider.com/kota-banjir-2024-5?r=US&IR=T",
    ),
    "https://www.scmp.com/news/asia/article/3260001/kota-banjir": (
        "https://amp.scmp.com/news/asia/article/3260001/kota-banjir",
        "https://www.scmp.com/news/asia/article/3260001/kota-banjir?module=top_story&pgtype=homepage",
    ),
    "https://www.yna.co.kr/view/AKR20240501000100001": (
        "https://www.yna.co.kr/view/AKR20240501000100001?section=politics/all",
        "https://m.yna.co.kr/amp/view/AKR20240501000100001",
    ),
    "https://g1.globo.com/mundo/noticia/2024/05/01/kota-banjir.ghtml": (
        "https://g1.globo.com/google/amp/mundo/noticia/2024/05/01/kota-banjir.ghtml",
    ),
    "https://www1.folha.uol.com.br/mundo/2024/05/kota-banjir.shtml": (
        "https://www1.folha.uol.com.br/amp/mundo/2024/05/kota-banjir.shtml",
        "https://www1.folha.uol.com.br/mundo/2024/05/kota-banjir.shtml?pwgt=kabc123&utm_source=whatsapp",
    ),
    "https://noticias.uol.com.br/internacional/2024/05/01/kota-banjir.htm": (
        "https://noticias.uol.com.br/internacional/2024/05/01/kota-banjir.amp.htm",
    ),
    "https://nasional.kompas.com/read/2024/05/01/12000001/kota-banjir": (
        "https://amp.kompas.com/nasional/read/2024/05/01/12000001/kota-banjir",
        "https://nasional.kompas.com/read/2024/05/01/12000001/kota-banjir?page=all&lgn_method=google&google_btn=onetap",
        "https://nasional.kompas.com/read/2024/05/01/12000001/kota-banjir?source=widgetML&engine=C",
    ),
    "https://news.detik.com/berita/d-7300001/kota-banjir": (
        "https://news.detik.com/berita/d-7300001/kota-banjir?tag_from=wp_nhl_judul_1",
        "https://news.detik.com/berita/d-7300001/kota-banjir/amp?single=1",
    ),
    "https://www.detik.com/jatim/berita/d-7300002/kota-banjir": (
        "https://www.detik.com/jatim/berita/d-7300002/kota-banjir/amp",
    ),
    "https://nasional.tempo.co/read/1860001/kota-banjir": (
        "https://nasional.tempo.co/amp/1860001/kota-banjir",
    ),
    "https://nasional.okezone.com/read/2024/05/01/337/3000001/kota-banjir": (
        "https://nasional.okezone.com/amp/2024/05/01/337/3000001/kota-banjir",
        "https://nasional.okezone.com/read/2024/05/01/337/3000001/kota-banjir?page=all",
    ),
    "https://nasional.sindonews.com/read/1370001/15/kota-banjir-1714500001": (
        "https://nasional.sindonews.com/newsread/1370001/15/kota-banjir-1714500001",
        "https://nasional.sindonews.com/read/1370001/15/kota-banjir-1714500001?showpage=all",
    ),
    "https://www.tribunnews.com/nasional/2024/05/01/kota-banjir": (
        "https://www.tribunnews.com/amp/nasional/2024/05/01/kota-banjir?page=all",
        "https://www.tribunnews.com/nasional/2024/05/01/kota-banjir?s=paging_new",
    ),
    "https://jakarta.tribunnews.com/2024/05/01/kota-banjir": (
        "https://jakarta.tribunnews.com/amp/2024/05/01/kota-banjir?lgn_method=google",
    ),
    "https://www.liputan6.com/news/read/5580001/kota-banjir": (
        "https://m.liputan6.com/news/read/5580001/kota-banjir",
    ),
    "https://www.antaranews.com/berita/4080001/kota-banjir": (
        "https://m.antaranews.com/amp/berita/4080001/kota-banjir",
    ),
    "https://www.merdeka.com/peristiwa/kota-banjir-110001-mvk.html": (
        "https://m.merdeka.com/amp/peristiwa/kota-banjir-110001-mvk.html",
    ),
    "https://www.idntimes.com/news/indonesia/sari/kota-banjir": (
        "https://www.idntimes.com/amp/news/indonesia/sari/kota-banjir?page=all",
    ),
    "https://www.viva.co.id/berita/nasional/1710001-kota-banjir": (
        "https://www.viva.co.id/amp/berita/nasional/1710001-kota-banjir?page=all",
    ),
    "https://tirto.id/kota-banjir-gXyZ": ("https://amp.tirto.id/kota-banjir-gXyZ",),
    "https://www.suara.com/news/2024/05/01/120001/kota-banjir": (
        "https://amp.suara.com/news/2024/05/01/120001/kota-banjir",
    ),
    "https://www.cnbcindonesia.com/news/20240501120001-4-530001/kota-banjir": (
        "https://www.cnbcindonesia.com/news/20240501120001-4-530001/kota-banjir/amp",
    ),
    "https://www.jpnn.com/news/kota-banjir": ("https://m.jpnn.com/amp/news/kota-banjir?page=1",),
    "https://www.pikiran-rakyat.com/nasional/pr-018000001/kota-banjir": (
        "https://www.pikiran-rakyat.com/nasional/pr-018000001/kota-banjir?page=all",
    ),
}
"""An article, and other addresses of it: AMP and mobile pages, editions, gifts, shares."""
NOT_TOLD: dict[str, tuple[str, ...]] = {
    "https://nasional.kontan.co.id/news/kota-banjir": ("https://amp.kontan.co.id/news/kota-banjir",),
    "https://ekonomi.bisnis.com/read/20240501/9/1760001/kota-banjir": (
        "https://m.bisnis.com/amp/read/20240501/9/1760001/kota-banjir",
    ),
    "https://www.liputan6.com/news/read/5580001/kota-banjir": (
        "https://www.liputan6.com/amp/5580001/kota-banjir",
    ),
}
"""Of one article too, but the address alone does not say so: the section is missing."""
APART = (
    (
        "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html",
        "https://www.nytimes.com/2024/05/02/world/asia/banjir-kota.html",
    ),
    (
        "https://www.nytimes.com/2024/05/01/world/asia/banjir-kota.html",
        "https://www.nytimes.com/es/2024/05/01/world/asia/banjir-kota.html",
    ),
    (
        "https://www.nytimes.com/interactive/2024/05/01/world/banjir-kota.html",
        "https://www.nytimes.com/2024/05/01/world/banjir-kota.html",
    ),
    (
        "https://www.bbc.com/news/world-asia-68900001",
        "https://www.bbc.com/news/world-asia-68900002",
    ),
    (
        "https://www.bbc.com/news/articles/c0aaa1bbb2co",
        "https://www.bbc.com/indonesia/articles/c0aaa1bbb2co",
    ),
    (
        "https://www.bbc.com/news/live/world-asia-68900001?page=2",
        "https://www.bbc.com/news/live/world-asia-68900001?page=3",
    ),
    (
        "https://www.bbc.com/zhongwen/simp/world-68900001",
        "https://www.bbc.com/zhongwen/trad/world-68900001",
    ),
    (
        "https://www.bbc.co.uk/sounds/play/p0aaa001",
        "https://www.bbc.co.uk/iplayer/episode/p0aaa001",
    ),
    (
        "https://edition.cnn.com/2024/05/01/asia/kota-banjir-intl-hnk/index.html",
        "https://edition.cnn.com/2024/05/01/asia/kota-surut-intl-hnk/index.html",
    ),
    (
        "https://www.cnn.com/2024/05/01/asia/kota-banjir/index.html",
        "https://arabic.cnn.com/2024/05/01/asia/kota-banjir/index.html",
    ),
    (
        "https://www.cnn.com/2024/05/01/asia/kota-banjir/index.html",
        "https://cnnespanol.cnn.com/2024/05/01/asia/kota-banjir/",
    ),
    (
        "https://www.cnnindonesia.com/nasional/20240501120001-20-1/kota",
        "https://www.cnnindonesia.com/nasional/20240501120001-20-2/kota",
    ),
    (
        "https://www.cnn.com/2024/05/01/asia/kota/index.html",
        "https://www.cnnindonesia.com/2024/05/01/asia/kota/index.html",
    ),
    (
        "https://www.wsj.com/articles/kota-banjir-1a2b3c4d",
        "https://www.wsj.com/articles/kota-banjir-1a2b3c4e",
    ),
    (
        "https://www.wsj.com/articles/kota-banjir-1a2b3c4d",
        "https://cn.wsj.com/articles/kota-banjir-1a2b3c4d",
    ),
    (
        "https://www.ft.com/content/0a1b2c3d-0000-4000-8000-000000000001",
        "https://www.ft.com/content/0a1b2c3d-0000-4000-8000-000000000002",
    ),
    (
        "https://www.theguardian.com/world/2024/may/01/kota",
        "https://www.theguardian.com/world/live/2024/may/01/kota",
    ),
    (
        "https://www.theguardian.com/world/live/2024/may/01/kota?page=with:block-1",
        "https://www.theguardian.com/world/live/2024/may/01/kota?page=with:block-2",
    ),
    (
        "https://www.dw.com/id/kota-banjir/a-68900001",
        "https://www.dw.com/en/kota-banjir/a-68900001",
    ),
    (
        "https://www.france24.com/en/asia/20240501-kota",
        "https://www.france24.com/fr/asia/20240501-kota",
    ),
    (
        "https://www.spiegel.de/a/kota-a-0a1b2c3d-0000-4000-8000-000000000001",
        "https://www.spiegel.de/a/kota-a-0a1b2c3d-0000-4000-8000-000000000002-amp",
    ),
    (
        "https://www.zeit.de/politik/2024-05/kota-banjir",
        "https://www.zeit.de/politik/2024-05/kota-banjir/seite-2",
    ),
    (
        "https://timesofindia.indiatimes.com/world/articleshow/109000001.cms",
        "https://economictimes.indiatimes.com/world/articleshow/109000001.cms",
    ),
    (
        "https://timesofindia.indiatimes.com/world/articleshow/109000001.cms",
        "https://timesofindia.indiatimes.com/world/amp_articleshow/109000002.cms",
    ),
    (
        "https://timesofindia.indiatimes.com/world/articleshow/109000001.cms",
        "https://timesofindia.indiatimes.com/world/videoshow/109000001.cms",
    ),
    (
        "https://www.ndtv.com/world-news/kota-banjir-5500001/1",
        "https://www.ndtv.com/world-news/kota-banjir-5500001/2",
    ),
    (
        "https://www.ndtv.com/photos/kota-12/1",
        "https://www.ndtv.com/photos/kota-12",
    ),
    (
        "https://news.yahoo.com/kota-banjir-120000001.html",
        "https://finance.yahoo.com/news/kota-banjir-120000001.html",
    ),
    (
        "https://news.yahoo.com/kota-banjir-120000001.html",
        "https://uk.news.yahoo.com/kota-banjir-120000001.html",
    ),
    (
        "https://www.yna.co.kr/view/AKR20240501000100001",
        "https://en.yna.co.kr/view/AKR20240501000100001",
    ),
    (
        "https://g1.globo.com/mundo/noticia/kota-1.ghtml",
        "https://ge.globo.com/mundo/noticia/kota-1.ghtml",
    ),
    (
        "https://blog.example/read/1?source=a",
        "https://blog.example/read/1?source=b",
    ),
    (
        "https://blog.example/?ref=12",
        "https://blog.example/?ref=13",
    ),
    (
        "https://blog.example/read?st=1",
        "https://blog.example/read?st=2",
    ),
    (
        "https://blog.example/read/1?token=a",
        "https://blog.example/read/1",
    ),
    (
        "https://blog.example/story?section=world",
        "https://blog.example/story?section=city",
    ),
    (
        "https://blog.example/story-1/lite",
        "https://blog.example/story-1",
    ),
    (
        "https://blog.example/2024/kota-1-amp",
        "https://blog.example/2024/kota-1",
    ),
    (
        "https://edition.kota.example/2024/kota-1",
        "https://kota.example/2024/kota-1",
    ),
    (
        "https://nasional.kompas.com/read/2024/05/01/12000001/kota",
        "https://regional.kompas.com/read/2024/05/01/12000001/kota",
    ),
    (
        "https://nasional.kompas.com/read/2024/05/01/12000001/kota?page=2",
        "https://nasional.kompas.com/read/2024/05/01/12000001/kota?page=3",
    ),
    (
        "https://amp.kompas.com/nasional/read/2024/05/01/12000001/kota",
        "https://amp.kompas.com/tren/read/2024/05/01/12000001/kota",
    ),
    (
        "https://nasional.tempo.co/read/1860001/kota",
        "https://nasional.tempo.co/amp/1860002/kota",
    ),
    (
        "https://en.tempo.co/read/1860001/kota",
        "https://nasional.tempo.co/read/1860001/kota",
    ),
    (
        "https://foto.tempo.co/read/1860001/kota",
        "https://nasional.tempo.co/amp/1860001/kota",
    ),
    (
        "https://nasional.okezone.com/read/2024/05/01/337/3000001/kota",
        "https://nasional.okezone.com/amp/2024/05/01/337/3000002/kota",
    ),
    (
        "https://nasional.sindonews.com/read/1370001/15/kota",
        "https://nasional.sindonews.com/newsread/1370002/15/kota",
    ),
    (
        "https://news.detik.com/berita/d-7300001/kota",
        "https://news.detik.com/foto-news/d-7300001/kota",
    ),
    (
        "https://news.detik.com/berita/d-7300001/kota",
        "https://20.detik.com/berita/d-7300001/kota",
    ),
    (
        "https://www.tribunnews.com/nasional/2024/05/01/kota",
        "https://jakarta.tribunnews.com/nasional/2024/05/01/kota",
    ),
    (
        "https://www.antaranews.com/berita/4080001/kota",
        "https://jatim.antaranews.com/berita/4080001/kota",
    ),
    (
        "https://www.liputan6.com/news/read/5580001/kota",
        "https://www.liputan6.com/news/read/5580002/kota",
    ),
)
"""Two pages each."""
