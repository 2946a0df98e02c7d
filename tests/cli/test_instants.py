"""Instants as people write them on the command line."""

from datetime import UTC, datetime

import pytest
import typer

from syndicator.cli.commands.webhooks.deliveries import instant
from syndicator.cli.instants import instant_of

NOON = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-05T19:00", "2026-11-05T19:00:00+07:00", "2026-11-05T12:00:00Z"])
def test_an_instant_is_in_utc_whatever_zone_it_was_written_in(text: str) -> None:
    found = instant_of(text, "--until", "Asia/Jakarta")
    assert (found, found.tzinfo) == (NOON, UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-14:00", "soon"])
def test_what_is_no_instant_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write an instant"):
        instant_of(text, "--until")
    with pytest.raises(typer.BadParameter, match="an instant with its offset"):
        instant(text, NOON, "--since")
