"""The command that looks whether everything fits together: doctor."""

from typing import Annotated

import typer
from msgspec import to_builtins

from syndicator.cli.context import AsJson, print_list
from syndicator.cli.store_access import ask
from syndicator.pipeline.ops.doctor import Diagnosis
from syndicator.service import Service


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
    and is no fault.
    """

    async def examined(service: Service) -> list[Diagnosis]:
        return await service.doctor.examine(repair=repair)

    found = ask(context, examined)
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
    print_list(
        [to_builtins(one) for one in found], people=people, as_json=as_json, empty="All fits together."
    )
    if any(one.is_fault and not one.mended for one in found):
        raise typer.Exit(1)
