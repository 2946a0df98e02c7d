"""The API is described as it is: the description is made from its routes, and frozen."""

import json
from pathlib import Path

from openapi_spec_validator import validate

DOCS = Path(__file__).parents[2] / "docs"


def test_the_description_is_valid_openapi() -> None:
    described = json.loads((DOCS / "openapi.json").read_text("utf-8"))
    validate(described)
    operations = [one for path in described["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names)) > 15
    for one in operations:
        assert one["summary"].endswith("."), one["operationId"]
        assert one["security"] == [{"bearer": [one["security"][0]["bearer"][0]]}]
