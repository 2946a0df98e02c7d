"""A table of bylines as portals and feeds of many languages write them, each with the names that are in it."""

import pytest

from syndicator.gather.bylines import reporters

TABLE: dict[str, tuple[str, ...]] = {
    # places beside a name
    "Alice Park / Milan": ("Alice Park",),
    "Justin Worland/Davos, Switzerland": ("Justin Worland",),
    "Vera Bergengruen/Washington": ("Vera Bergengruen",),
    "Simon Shuster / Kyiv, Ukraine": ("Simon Shuster",),
    "Amy Gunia / Hong Kong": ("Amy Gunia",),
    "Ciara Nugent/Klosters, Switzerland": ("Ciara Nugent",),
    "Jane Doe / Washington, D.C.": ("Jane Doe",),
    "Budi Santoso/Surabaya": ("Budi Santoso",),
    "Andi Saputra, Makassar": ("Andi Saputra",),
    "Andi Saputra, Kota Makassar": ("Andi Saputra",),
    "Jane Doe, London": ("Jane Doe",),
    "JANE DOE, NEW YORK": ("JANE DOE",),
    "Jane Doe in Washington and John Roe in New York": ("Jane Doe", "John Roe"),
    "Jane Doe in Wichita Falls": ("Jane Doe",),
    "JANE DOE IN LONDON": ("JANE DOE",),
    "By Jane Doe in Tokyo and John Roe in Hong Kong": ("Jane Doe", "John Roe"),
    "Laporan Budi Santoso dari Lumajang": ("Budi Santoso",),
    "Laporan Budi dari Gaza": ("Budi",),
    # names that are names of places too
    "Doe, Austin": ("Doe, Austin",),
    "Sydney Sweeney": ("Sydney Sweeney",),
    "Paris Hilton and Jordan Peele": ("Paris Hilton", "Jordan Peele"),
    "Budi / Sofia": ("Budi", "Sofia"),
    "Jack London": ("Jack London",),
    "Lee In Hwa": ("Lee In Hwa",),
    "Milan Kundera": ("Milan Kundera",),
    "Solo Sitompul": ("Solo Sitompul",),
    # organisations are whole
    "Collective Action in Tech": ("Collective Action in Tech",),
    "Women in Journalism": ("Women in Journalism",),
    "Data & Society": ("Data & Society",),
    "Data and Society": ("Data and Society",),
    "Center for Investigative Reporting": ("Center for Investigative Reporting",),
    "Centers for Disease Control and Prevention": ("Centers for Disease Control and Prevention",),
    "Department of Health and Human Services": ("Department of Health and Human Services",),
    "Society for Science and the Public": ("Society for Science and the Public",),
    "Arts and Culture Desk": ("Arts and Culture Desk",),
    "Food & Water Watch": ("Food & Water Watch",),
    "Doctors for Justice": ("Doctors for Justice",),
    "Friends of the Earth": ("Friends of the Earth",),
    "Lembaga Ilmu dan Teknologi": ("Lembaga Ilmu dan Teknologi",),
    "Aliansi Jurnalis Independen": ("Aliansi Jurnalis Independen",),
    "Jane Doe and Center for Public Integrity": ("Jane Doe", "Center for Public Integrity"),
    "Jane Doe & John Roe": ("Jane Doe", "John Roe"),
    "Jane Doe, Data & Society": ("Jane Doe", "Data & Society"),
    # markup that was escaped once too often
    "&lt;a href=&quot;/author/jane&quot;&gt;Jane Doe&lt;/a&gt;": ("Jane Doe",),
    "&amp;lt;span class=&amp;quot;by&amp;quot;&amp;gt;Jane Doe&amp;lt;/span&amp;gt;": ("Jane Doe",),
    "Siti Nur&amp;#039;aini": ("Siti Nur'aini",),
    "Jane O&amp;amp;#39;Neil": ("Jane O'Neil",),
    "<b>Jane Doe</b> &amp;amp; John Roe": ("Jane Doe", "John Roe"),
    # Indonesian
    "Reporter: Budi Santoso Editor: Siti Nur'aini": ("Budi Santoso",),
    "Penulis: Budi Santoso\nEditor: Siti Nur'aini": ("Budi Santoso",),
    "Editor: Siti Nur'aini Reporter: Budi Santoso": ("Budi Santoso",),
    "Agus Salim | Kompas Desa": ("Agus Salim",),
    "Penulis : Budi Santoso || Editor : Siti Nur'aini": ("Budi Santoso",),
    "Pewarta: Budi Santoso/Sari Dewi": ("Budi Santoso", "Sari Dewi"),
    "Pewarta: Budi Santoso\nUploader: Sari Dewi\nCOPYRIGHT © ANTARA 2026": ("Budi Santoso",),
    "Reporter: Budi Santoso, Sari Dewi, Joko Susilo": ("Budi Santoso", "Sari Dewi", "Joko Susilo"),
    "Oleh: Budi Santoso dan Sari Dewi": ("Budi Santoso", "Sari Dewi"),
    "Oleh: Budi Santoso serta Sari Dewi": ("Budi Santoso", "Sari Dewi"),
    "Wartawan: H. Budi Santoso, S.H., M.H.": ("H. Budi Santoso, S.H., M.H.",),
    "Dr. Ir. Budi Santoso, M.Sc.": ("Dr. Ir. Budi Santoso, M.Sc.",),
    "I Made Sudana dan Ni Luh Ayu": ("I Made Sudana", "Ni Luh Ayu"),
    "Reporter: M. Rizki": ("M. Rizki",),
    "Kontributor Jember, Budi Santoso": ("Budi Santoso",),
    "Kontributor: Budi Santoso": ("Budi Santoso",),
    "Penulis: Nurito": ("Nurito",),
    "Tim Redaksi": ("Tim Redaksi",),
    "Budi Santoso - detikNews": ("Budi Santoso",),
    "Budi Santoso, Liputan6": ("Budi Santoso",),
    "Ditulis oleh Budi Santoso, disunting oleh Siti Nur'aini": ("Budi Santoso",),
    "Foto: Ani Wijaya | Teks: Budi Santoso": ("Budi Santoso",),
    "Editor: Siti Nur'aini": (),
    # English
    "Aaron Boxerman, Erika Solomon and Nick Cumming-Bruce": (
        "Aaron Boxerman",
        "Erika Solomon",
        "Nick Cumming-Bruce",
    ),
    "Constant Méheut": ("Constant Méheut",),
    "Ségolène Le Stradic": ("Ségolène Le Stradic",),
    "David E. Sanger and Anton Troianovski": ("David E. Sanger", "Anton Troianovski"),
    "Genevieve Glatsky, Maria Ramírez and Nayrobis Rodríguez": (
        "Genevieve Glatsky",
        "Maria Ramírez",
        "Nayrobis Rodríguez",
    ),
    "Becca Stanek, The Week US": ("Becca Stanek",),
    "theweek@futurenet.com (Becca Stanek, The Week US)": ("Becca Stanek",),
    "By Jane Doe, Political Editor": ("Jane Doe",),
    "By Jane Doe, Reuters": ("Jane Doe",),
    "Jane Doe, Senior Science Correspondent": ("Jane Doe",),
    "Jane Doe for The Guardian": ("Jane Doe",),
    "Jane Doe, John Roe, and Max Mustermann": ("Jane Doe", "John Roe", "Max Mustermann"),
    "Reporting by Jane Doe in Paris; Editing by John Roe": ("Jane Doe",),
    "Written by: Jane Doe | Edited by: John Roe": ("Jane Doe",),
    "Edited by: John Roe": (),
    "Ditulis oleh: Budi Santoso": ("Budi Santoso",),
    "Budi Santoso, Editor Senior": ("Budi Santoso",),
    "Artists in need": ("Artists in need",),
    "J. D. Salinger": ("J. D. Salinger",),
    "Martin Luther King, Jr.": ("Martin Luther King, Jr.",),
    "Jane Doe, Ph.D.": ("Jane Doe, Ph.D.",),
    "Ta-Nehisi Coates": ("Ta-Nehisi Coates",),
    "will.i.am": ("will.i.am",),
    # other languages
    "Jean-Claude Juncker": ("Jean-Claude Juncker",),
    "Ursula von der Leyen": ("Ursula von der Leyen",),
    "Vincent van Gogh and Ludwig van Beethoven": ("Vincent van Gogh", "Ludwig van Beethoven"),
    "María José Pérez de la Cruz": ("María José Pérez de la Cruz",),
    "Nguyễn Văn An": ("Nguyễn Văn An",),
    "Владимир Иванов": ("Владимир Иванов",),
    "山田太郎": ("山田太郎",),
    "محمد علي": ("محمد علي",),
    "Siti binti Ahmad & Ali bin Abu": ("Siti binti Ahmad", "Ali bin Abu"),
    "Şebnem Ünal": ("Şebnem Ünal",),
}


@pytest.mark.parametrize("byline", TABLE)
def test_the_names_of_a_byline(byline: str) -> None:
    assert reporters([byline]) == TABLE[byline]


def test_each_name_of_the_table_is_whole_when_it_stands_alone() -> None:
    """A feed gives names one by one as well, and what was read once is read again."""
    names = {name for each in TABLE.values() for name in each}
    assert {name: reporters([name]) for name in names} == {name: (name,) for name in names}
