"""What a document is, by its content."""

import pytest

from syndicator.gather.documents.sniff import DocumentKind, read_prolog, sniff

FEED = DocumentKind.XML_FEED


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<rss>", FEED),
        (b"<?xml version='1.0'?>\n<!-- <html> --><rss version='2.0'>", FEED),
        (b"<RDF:rdf xmlns:rdf='x'>", FEED),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'>", FEED),
        (b"<a:feed xmlns:a='http://www.w3.org/2005/Atom'>", FEED),
        ("<rss>".encode("utf-16"), FEED),
        ("<rss>".encode("utf-16-be"), FEED),
        ("<rss>".encode("utf-32"), FEED),
        (b"\xef\xbb\xbf  <rss>", FEED),
        (b"<b>Warning</b> <rss version='2.0'>", FEED),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', FEED),
        (b"  {", DocumentKind.JSON),
        (b"[", DocumentKind.JSON),
        (b"<!DOCTYPE html><p>", DocumentKind.HTML),
        (b"<!doctype HTML PUBLIC '-//W3C'>", DocumentKind.HTML),
        (b"<!-- c --><html lang=id><feed>", DocumentKind.HTML),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", DocumentKind.HTML),
        (b"<head><title>", DocumentKind.HTML),
        (b"", DocumentKind.OTHER),
        (b"\x89PNG\r\n", DocumentKind.OTHER),
        (b"<urlset>", DocumentKind.OTHER),
        (b"feed me", DocumentKind.OTHER),
        (b"<!-- never closed <rss", DocumentKind.OTHER),
    ],
)
def test_documents(body: bytes, kind: DocumentKind) -> None:
    assert sniff(body) is kind


@pytest.mark.parametrize(
    ("text", "declares"),
    [
        ("<!DOCTYPE rss [<!ENTITY a 'b'>]><rss/>", True),
        ("<!DOCTYPE rss [<!ELEMENT rss ANY><!entity a 'b'>]><rss/>", True),
        ("<!DOCTYPE rss [<!-- <!ENTITY a 'b'> -->]><rss/>", False),
        ("<!DOCTYPE rss SYSTEM 'x'><rss><![CDATA[<!ENTITY a 'b'>]]></rss>", False),
        ("<!DOCTYPE rss [<!ENTITY % p '<x>'>]><rss/>", True),
    ],
)
def test_declared_entities_are_seen(text: str, declares: bool) -> None:
    assert read_prolog(text).declares_entities is declares


@pytest.mark.parametrize("part", ["<!--", "<?", "<!", "<", "<!DOCTYPE ", "<!--->"])
@pytest.mark.timeout(60)
def test_nothing_is_looked_at_twice(part: str) -> None:
    assert read_prolog(part * 200_000).first_element == ""
