import re
from datetime import timedelta

from support import NOON

from syndicator.sample.language import load_language
from syndicator.sample.writer import Writer


def test_names_keep_their_capital_after_a_quote() -> None:
    writer = Writer(load_language("wire"), 7, "wire")
    texts = [writer.text(n, NOON + timedelta(minutes=n)) for n in range(200)]
    said = [
        found
        for text in texts
        for paragraph in text.paragraphs
        for found in re.findall(r",” (\w+) (?:explained|told|said) (?:near|reporters|$)", paragraph)
    ]
    assert said
    assert [name for name in said if name.islower()] == []
    assert not any("has pushed" in text.lead for text in texts)
