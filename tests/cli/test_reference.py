from pathlib import Path

import pytest

from syndicator.cli.reference import PAGES, command_reference

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_what_is_generated_is_up_to_date(name: str) -> None:
    page = (DOCS / name).read_text("utf-8")
    assert page == PAGES[name](page), "run `make docs`; of openapi.json a promise to users changes"


def test_lists_of_commands_have_whole_sentences() -> None:
    page = command_reference()
    assert (
        "* `run`: Start everything: web server and workers, and the sample portals where they are enabled.\n"
        in page
    )
    assert [line for line in page.splitlines() if line.startswith("* `") and line.endswith("...")] == []
