"""The API of a service; its description in `docs/openapi.json`, and the table of its routes in `docs/api.md`.

`python -m syndicator.cli.api_reference docs/openapi.json docs/api.md` writes both anew.
"""

import sys
from pathlib import Path

from syndicator.service import Service
from syndicator.settings.endpoint_registration import registration_schema
from syndicator.web.api.api_table import api_table, described_table
from syndicator.web.api.json_api import ApiRoute
from syndicator.web.api.openapi import openapi_for, with_routes, written


def api_of(service: Service) -> tuple[ApiRoute, ...]:
    """Return all routes, over a service."""
    return api_table(
        reading=service.reading,
        listing=service.listing,
        regrouping=service.gathering.regrouping,
        withdrawer=service.gathering.withdrawer,
        access=service.access,
        reporting=service.publishing.reporting,
        registering=service.pushing.registering,
        inspecting=service.pushing.inspecting,
        resending=service.pushing.resending,
        replaying=service.pushing.replaying,
        endpoint_schema=registration_schema(),
        clock=service.clock,
    )


def table() -> tuple[ApiRoute, ...]:
    """Return all routes, for being described."""
    return described_table(registration_schema())


if __name__ == "__main__":
    described, page = map(Path, sys.argv[1:3])
    described.write_text(written(openapi_for(table())), "utf-8")
    page.write_text(with_routes(page.read_text("utf-8"), table()), "utf-8")
