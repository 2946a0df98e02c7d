"""Places that stand in bylines beside a reporter: countries, states, and cities that news comes from."""

import re

_COUNTRIES = """
afghanistan albania algeria angola argentina armenia australia austria azerbaijan bahrain bangladesh belarus
belgium bolivia bosnia botswana brazil britain brunei bulgaria cambodia cameroon canada chile china colombia
congo croatia cuba cyprus denmark ecuador egypt england estonia ethiopia fiji finland france gaza germany
ghana greece greenland guatemala guinea haiti honduras hungary iceland india indonesia iran iraq ireland
israel italy jamaica japan jordan kazakhstan kenya kosovo kuwait kyrgyzstan laos latvia lebanon liberia
libya lithuania luxembourg madagascar malawi malaysia maldives mali malta mexico moldova mongolia montenegro
morocco mozambique myanmar namibia nepal netherlands nicaragua niger nigeria norway oman pakistan palestine
panama paraguay peru philippines poland portugal qatar romania russia rwanda scotland senegal serbia
singapore slovakia slovenia somalia spain sudan sweden switzerland syria taiwan tajikistan tanzania thailand
tunisia turkey turkmenistan uganda ukraine uruguay uzbekistan venezuela vietnam wales yemen zambia zimbabwe
uk us usa uae uni.emirat.arab arab.saudi saudi.arabia south.africa south.korea north.korea new.zealand
papua.new.guinea sri.lanka hong.kong timor-leste timor.leste costa.rica el.salvador puerto.rico
united.kingdom united.states burkina.faso ivory.coast sierra.leone czech.republic northern.ireland west.bank
amerika.serikat inggris jerman prancis perancis belanda jepang korea.selatan korea.utara afrika.selatan
selandia.baru australia.barat tiongkok cina mesir yordania suriah turki rusia swiss spanyol italia filipina
kamboja
"""
_STATES = """
alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho illinois
indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri
montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont wisconsin wyoming
new.jersey new.mexico new.hampshire north.carolina south.carolina north.dakota south.dakota rhode.island
west.virginia dc ontario quebec alberta british.columbia nova.scotia queensland victoria tasmania
new.south.wales western.australia bavaria catalonia kashmir punjab crimea siberia tibet xinjiang aceh
sumatera sumatera.utara sumatera.barat sumatera.selatan riau kepulauan.riau jambi bengkulu lampung
bangka.belitung banten jawa jawa.barat jawa.tengah jawa.timur yogyakarta bali nusa.tenggara.barat
nusa.tenggara.timur ntb ntt kalimantan kalimantan.barat kalimantan.tengah kalimantan.selatan
kalimantan.timur kalimantan.utara sulawesi sulawesi.utara sulawesi.tengah sulawesi.selatan sulawesi.tenggara
gorontalo maluku maluku.utara papua papua.barat jabar jateng jatim sumut sumbar sumsel kalbar kalsel kalteng
kaltim kaltara sulsel sulut sulteng sultra
"""
_CITIES = """
abidjan abu.dhabi abuja accra addis.ababa aleppo algiers almaty amman amsterdam ankara antwerp athens
atlanta auckland austin baghdad bakhmut baku baltimore bangalore bengaluru bangkok barcelona basel beijing
beirut belfast belgrade berlin bern bogota bogotá bologna bonn bordeaux boston brasilia brasília brisbane
brussels bucharest budapest buenos.aires cairo calcutta kolkata calgary cambridge canberra cape.town caracas
casablanca chennai chicago cologne colombo copenhagen dakar dallas damascus dar.es.salaam davos delhi
new.delhi denver detroit dhaka doha donetsk dubai dublin durban dusseldorf düsseldorf edinburgh florence
frankfurt geneva glasgow guangzhou hamburg hanoi harare havana helsinki hiroshima ho.chi.minh.city houston
hyderabad islamabad istanbul jeddah jerusalem johannesburg kabul kampala karachi kathmandu kharkiv kherson
khartoum kigali kinshasa kuala.lumpur kuwait.city kyiv kiev kyoto la.paz lagos lahore las.vegas leeds lima
lisbon liverpool ljubljana london los.angeles lucknow lviv lyon madrid managua manchester manila mariupol
marseille mecca medina melbourne mexico.city miami milan milano milwaukee minneapolis minsk mogadishu
monterrey montevideo montreal montréal moscow mumbai munich münchen nagasaki nairobi naples nashville
new.orleans new.york new.york.city newcastle nicosia odesa odessa osaka oslo ottawa oxford paris perth
philadelphia phnom.penh phoenix pittsburgh port-au-prince portland prague pretoria pyongyang quito rabat
ramallah rangoon yangon reykjavik riga rio.de.janeiro riyadh rome roma rotterdam san.diego san.francisco
san.juan san.salvador sana'a santiago são.paulo sao.paulo sarajevo seattle seoul shanghai shenzhen skopje
sofia stockholm strasbourg stuttgart sydney taipei tallinn tashkent tbilisi tegucigalpa tehran tel.aviv
the.hague den.haag tijuana tirana tokyo toronto tripoli tunis turin ulaanbaatar valencia vancouver
vatican.city venice vienna vientiane vilnius warsaw washington wellington wuhan yerevan zagreb zurich zürich
ambon balikpapan banda.aceh bandar.lampung bandung banjarmasin banjarbaru banyumas banyuwangi batam bekasi
blitar bogor bojonegoro bukittinggi ciamis cianjur cilacap cilegon cimahi cirebon demak denpasar depok garut
gresik gunungkidul indramayu jakarta jakarta.barat jakarta.pusat jakarta.selatan jakarta.timur jakarta.utara
jayapura jember jepara jombang karanganyar karawang kebumen kediri kendal kendari klaten kudus kupang
kuningan labuan.bajo lamongan lumajang madiun magelang magetan majalengka makassar malang mamuju manado
mataram medan mojokerto nganjuk ngawi nusantara ikn padang palangka.raya palangkaraya palembang palu
pangandaran pangkalpinang pasuruan pati pekalongan pekanbaru pemalang pontianak probolinggo purbalingga
purwakarta purwokerto purworejo rembang salatiga samarinda semarang serang sidoarjo singkawang sleman solo
sorong sragen subang sukabumi sukoharjo sumedang sumenep surabaya surakarta tangerang tangerang.selatan
tanjungpinang tarakan tasikmalaya tegal temanggung ternate tuban tulungagung wonogiri wonosobo
"""


def _names(words: str) -> frozenset[str]:
    """Read a list in which a dot stands for a blank."""
    return frozenset(name.replace(".", " ") for name in words.split())


_LARGE = _names(_COUNTRIES) | _names(_STATES)
_PLACES = _LARGE | _names(_CITIES)
_BEFORE = re.compile(r"(?:near|outside|kota|kabupaten|kab|provinsi)\s+")


def is_place(text: str) -> bool:
    """Return whether a text is a known place: "Milan", "Paris, France", "Washington, D.C."."""
    return all(_is_known(part) for part in text.split(","))


def is_place_in_another(text: str) -> bool:
    """Return whether a text is any place and the country or state that it lies in: "Davos, Switzerland"."""
    _, comma, larger = text.rpartition(",")
    return bool(comma) and _folded(larger) in _LARGE


def _is_known(name: str) -> bool:
    name = _folded(name)
    return name in _PLACES or _BEFORE.sub("", name, count=1) in _PLACES


def _folded(name: str) -> str:
    return name.replace(".", "").casefold().strip()
