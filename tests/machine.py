"""What a fault needs of a machine: a clock that is set, and a disk that is small."""

import errno
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SHIM = Path(__file__).with_name("set_clock.c")
_SHIFT = struct.Struct("=q")
DISK_MIB = 64
"""More than a run of an hour writes."""


class SetClock:
    """The clock of programs that are started with `library` in LD_PRELOAD: it may be set at any time.

    Only the time of day is another one. The steady counters go on, as they do where an administrator or NTP
    sets a clock.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is made, and holds the library; compile it once for each machine that a test plays."""
        folder.mkdir()
        self.library = folder / "set_clock.so"
        self._shift = folder / "shift"
        self.set(0)
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", f'-DSHIFT="{self._shift}"', "-o", self.library, _SHIM],
            check=True,
        )  # fmt: skip

    def set(self, shift_s: int) -> None:
        """Have the clock be so many seconds ahead of what is right."""
        descriptor = os.open(self._shift, os.O_WRONLY | os.O_CREAT, 0o600)  # in place: it is mapped
        os.write(descriptor, _SHIFT.pack(shift_s))
        os.close(descriptor)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program go by this clock."""
        return {"LD_PRELOAD": str(self.library)}

    def wrapped(self, program: Path) -> Path:
        """Return a program that starts another one by this clock."""
        wrapper = self.library.with_name(program.name)
        wrapper.write_text(f'#!/bin/sh\nLD_PRELOAD="{self.library}" exec "{program}" "$@"\n', "ascii")
        wrapper.chmod(0o700)
        return wrapper


def why_no_clock_is_set() -> str:
    """Say why no clock can be set on this machine; empty where it can."""
    return "" if shutil.which("gcc") else "there is no gcc"


class SmallDisk:
    """A file system of its own for a folder; `filled` while there is room for nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    @contextmanager
    def filled(self) -> Iterator[None]:
        """Leave no byte of it free while the context is open."""
        try:
            with self._filler.open("wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12):
                    with suppress(OSError):
                        while file.write(bytes(size)) == size:
                            pass
            yield
        finally:
            self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Have a folder be a file system of its own while the context is open; raise OSError where that is refused."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise PermissionError(errno.EPERM, done.stderr.strip())
    try:
        yield SmallDisk(folder)
    finally:
        # Programs that a test left running may hold files: it goes when the last one does.
        subprocess.run(["umount", "--lazy", folder], check=True)
