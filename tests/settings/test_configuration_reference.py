"""What programs and people read about the configuration is what the code accepts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syndicator.settings import load
from syndicator.settings.fault_messages import key_names
from syndicator.settings.form import Form
from syndicator.settings.json_schema import configuration_schema
from syndicator.settings.reference import key_tables
from syndicator.settings.tables.configuration import Configuration

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "configuration.md"
FROZEN = HERE / "config_schema.json"


def every(form: type[Form]) -> Iterator[type[Form]]:
    for kind in form.__subclasses__():
        yield kind
        yield from every(kind)


def forms(form: type[Form] = Configuration) -> set[type[Form]]:
    found = {form}
    for field in form.model_fields.values():
        for each in re.findall(r"\w+(?:Form|Section)", str(field.annotation)):
            inner = next(cls for cls in every(Form) if cls.__name__ == each)
            if inner not in found:
                found |= forms(inner)
    return found


def test_the_schema_is_the_frozen_one() -> None:
    now = json.dumps(configuration_schema(), indent=2, ensure_ascii=False) + "\n"
    remedy = "if the change is meant: syndicator config schema > tests/settings/config_schema.json, and tell it in CHANGELOG.md"
    assert now == FROZEN.read_text(encoding="utf-8"), remedy


def test_every_key_is_described_and_in_the_reference() -> None:
    text = key_tables()
    found = forms()
    assert len(found) >= 17
    for form in found - {Configuration}:
        for key, field in zip(key_names(form), form.model_fields.values(), strict=True):
            assert field.description, f"{form.__name__}.{key} has no description"
            assert f"| `{key}` |" in text


def test_the_schema_knows_every_key() -> None:
    definitions = configuration_schema()["$defs"]
    for form in forms() - {Configuration}:
        assert set(definitions[form.__name__]["properties"]) == set(key_names(form))
        assert definitions[form.__name__]["additionalProperties"] is False


def test_the_examples_of_the_page_are_a_good_configuration(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "partner-a").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    for number, block in enumerate(blocks):
        (tmp_path / f"{number}.toml").write_text(block, encoding="utf-8")
    settings = load(tmp_path, {})
    assert set(settings.sources) == {"kantor-berita", "berita-kota"}
    assert set(settings.feeds) == {"popular-today"}
    assert set(settings.endpoints) == {"partner-a"}


def test_the_page_says_what_a_fault_looks_like() -> None:
    before, _, _ = PAGE.read_text(encoding="utf-8").partition("<!-- reference")
    assert "→ did you mean item?" in before


@pytest.mark.parametrize("name", ["schedule", "list", "article", "popular"])
def test_defaults_of_the_schema_share_the_tables_of_a_source(name: str) -> None:
    schema: dict[str, Any] = configuration_schema()
    defaults = schema["properties"]["defaults"]["properties"]
    assert defaults[name] == schema["$defs"]["SourceForm"]["properties"][name]
    assert "title" not in defaults
