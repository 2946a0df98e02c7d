"""The log of a program that uses this package and has not set up its log: exceptions without local variables."""

import re
from collections.abc import Iterator

import pytest
import structlog

from syndicator.observe.logs import get_logger

log = get_logger("syndicator.pipeline.sources.gather_step")


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def breaks(headers: dict[str, str]) -> None:
    raise ZeroDivisionError(f"{len(headers)} header(s) for https://budi:geheim@kota.example/")


@pytest.mark.parametrize("handled", [True, False])
def test_an_exception_is_told_without_what_was_at_hand(
    capsys: pytest.CaptureFixture[str], *, handled: bool
) -> None:
    headers = {"Authorization": "Bearer geheim"}
    try:
        breaks(headers)
    except ZeroDivisionError as error:
        if handled:
            log.exception("source_round_crashed", source="kota")
        else:
            log.error("step_crashed", source="kota", exc_info=error)  # noqa: TRY400  what is tried
    told = re.sub("\x1b[^m]*m", "", "".join(capsys.readouterr()))
    assert "crashed" in told
    assert "source=kota" in told
    assert "Traceback (most recent call last):" in told
    assert "in breaks" in told
    assert "ZeroDivisionError: 1 header(s) for https://[hidden]@kota.example/" in told
    assert "geheim" not in told


def test_the_other_ways_to_log_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    log.warning("careful", source="kota")
    log.error("no", source="kota")
    told = "".join(capsys.readouterr())
    assert "careful" in told
    assert "no" in told
