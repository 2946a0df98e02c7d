"""Signals that end the commands that stay: at any moment, quietly and with exit code 0."""

import asyncio
import os
import signal
import sys


def exit_on_signals() -> None:
    """Let a signal end this process while it holds nothing yet: imports are half of its start.

    `stop_signal` takes its place.
    """
    for name in _signals():
        signal.signal(name, lambda *_: os._exit(0))


def stop_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set, and the end of the terminal; a second one ends at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopped.is_set():
            sys.exit(130)
        stopped.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop)
    return stopped


def reload_signal(stopped: asyncio.Event) -> asyncio.Event:
    """Return an event that SIGHUP sets; where the terminal is gone, SIGHUP sets `stopped` instead."""
    asked = asyncio.Event()
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # `nohup` means it
        return asked
    had_terminal = _has_terminal()

    def hang_up() -> None:
        (stopped if had_terminal and not _has_terminal() else asked).set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)
    return asked


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _signals() -> list[signal.Signals]:
    names = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        names.append(signal.SIGHUP)
    return names
