"""The command that looks whether everything fits together: doctor."""

from typing import Annotated

import typer

from syndicator.cli.context import AsJson, failed, print_json, print_list, print_warnings
from syndicator.cli.store_access import ask, warning_of
from syndicator.pipeline.ops.doctor import Diagnosis
from syndicator.service import Service
from syndicator.store.layout import StoredLayout
from syndicator.store.server_check import Risk


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command(name="doctor", epilog="Example: syndicator doctor --repair")(_doctor)


def _doctor(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is found.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look whether all that is kept of deliveries fits together, and mend it.

    Exits with 0 where it does, or was mended, else with 1. An endpoint that left the configuration is shown,
    and is no fault. Settings of Redis that may lose data are shown as warnings.
    """

    async def examined(service: Service) -> tuple[list[Diagnosis], StoredLayout, str, list[Risk]]:
        found, store = await service.doctor.examine(repair=repair), service.store
        place = (await store.connection.server()).place
        return found, await store.layout.read(), place, await store.risks()

    found, layout, place, risks = ask(context, examined)
    warnings = [warning_of(one) for one in risks]
    people = [
        {
            "kind": one.kind,
            "where": one.where,
            "count": one.count,
            "finding": one.message,
            "mended": "yes" if one.mended else "no" if one.is_fault else "no need",
        }
        for one in found
    ]
    left = [failed(one.where, one.message, "syndicator doctor --repair") for one in found if _is_left(one)]
    if as_json:
        document = {"ok": not left, "items": found, "next": None, "errors": left, "layout": layout.version}
        warned = [{"key": one.key, "reason": one.reason, "remedy": one.remedy} for one in warnings]
        print_json({**document, "redis": place, "warnings": warned})
    else:
        print_list(people, as_json=False, empty="All fits together.")
        print_warnings(warnings)
        typer.echo(f"The stored data has layout {layout.version}, and is in the Redis at {place}.")
    if left:
        raise typer.Exit(1)


def _is_left(one: Diagnosis) -> bool:
    return one.is_fault and not one.mended
