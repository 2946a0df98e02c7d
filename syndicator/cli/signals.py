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
    """Return an event that SIGINT, SIGTERM and SIGHUP set; a second one ends at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopped.is_set():
            sys.exit(130)
        stopped.set()

    for name in _signals():
        loop.add_signal_handler(name, stop)
    return stopped


def _signals() -> list[signal.Signals]:
    names = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` means it
        names.append(signal.SIGHUP)
    return names
