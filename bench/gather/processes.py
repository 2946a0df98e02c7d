"""Processes of the services under measurement: start, end, and what they have cost so far."""

import asyncio
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_END_S = 20.0


@contextmanager
def process(
    command: Sequence[str],
    log: Path,
    *,
    errors: Path | None = None,
    environ: Mapping[str, str] | None = None,
    user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the context ends, as `user` if one is given (root only).

    Its output is in the file `log`, and so is its standard error but where that has a file of its own.
    """
    with log.open("ab") as out, (errors or log).open("ab") as err:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=log.parent,
            env={**os.environ, **(environ or {})},
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
    try:
        yield started
    finally:
        _end(started, stop)


def _end(started: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        started.send_signal(stop)
    try:
        started.wait(_END_S)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()


def cpu_s(root: int) -> float:
    """Return the processor time of a process and all its descendants, of ended and reaped ones too."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name in parentheses may hold anything: fields are counted from its end.
            fields = stat.read_text().rpartition(")")[2].split()
            number = int(stat.parent.name)
            parents[number] = int(fields[1])
            ticks[number] = sum(int(field) for field in fields[11:15])
    family, grown = {root}, True
    while grown:
        more = {number for number, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return sum(ticks.get(number, 0) for number in family) * _TICK_S


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def wait_for_line(
    log: Path, words: str, started: subprocess.Popen[bytes], timeout_s: float = 60
) -> None:
    """Wait until a process has written these words to its log."""
    until = time.monotonic() + timeout_s
    while words not in (text := await asyncio.to_thread(log.read_text, "utf-8", "replace")):
        if started.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{started.args!r} did not get ready:\n{text[-2000:]}")
        await asyncio.sleep(0.05)
