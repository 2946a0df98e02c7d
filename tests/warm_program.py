"""Commands of `syndicator`, each in a process forked from one that has imported the program already.

A fresh interpreter takes a second to import what a command needs, and another one to start its parsers. What
is about processes themselves (starting, stopping, crashing, staying) starts them as users do: see `e2e`.
"""

import asyncio
import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from multiprocessing import forkserver
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

PATIENCE_S = 120


async def run(config: Path, *command: str) -> tuple[int, str, str]:
    """Run one command to its end; return its exit code and what it wrote to both streams."""
    words = ["--config", str(config), *command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = await _ended(words, out.fileno(), err.fileno())
        for stream in (out, err):
            stream.seek(0)
        return code, out.read().decode(), err.read().decode()


async def _ended(words: list[str], *streams: int) -> int:
    loop = asyncio.get_running_loop()
    has_ended = asyncio.Event()
    ours, theirs = socket.socketpair()
    with ours:
        request = json.dumps([words, dict(os.environ), str(Path.cwd())]).encode()
        socket.send_fds(_parent(), [len(request).to_bytes(4)], [*streams, theirs.fileno()])
        _parent().sendall(request)
        theirs.close()
        loop.add_reader(ours, has_ended.set)
        try:
            await asyncio.wait_for(has_ended.wait(), PATIENCE_S)
        finally:
            loop.remove_reader(ours)
        return int(ours.recv(16).decode())


@cache
def _parent() -> socket.socket:
    """Start the process that commands are forked from; it ends with this one."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(requests: socket.socket) -> None:
    """Fork a process for each request, until nobody can ask any more."""
    import syndicator

    for module in walk_packages(syndicator.__path__, "syndicator."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    from syndicator.gather.documents import parser_pool

    forkserver.set_forkserver_preload(parser_pool._PRELOADED)
    forkserver.ensure_running()
    server: Any = forkserver._forkserver
    server.ensure_running = lambda: None  # it looks for a child, which it is of this process alone
    gc.freeze()
    while True:
        size, fds, _, _ = socket.recv_fds(requests, 4, 3)
        if not size:
            os.killpg(0, signal.SIGKILL)
        request = requests.recv(int.from_bytes(size), socket.MSG_WAITALL)
        if os.fork() == 0:
            command = os.fork()
            if command == 0:
                _become(*json.loads(request), *fds)
            _, status = os.waitpid(command, 0)
            os.write(fds[2], str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
        for fd in fds:
            os.close(fd)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _become(words: list[str], environment: dict[str, str], folder: str, *fds: int) -> None:
    """Be the command: what is raised here ends the process, as in any other."""
    from syndicator.cli import main

    for number, fd in enumerate(fds[:2], start=1):
        os.dup2(fd, number)
    for fd in fds:
        os.close(fd)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["syndicator", *words]
    main()


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _serve(socket.socket(fileno=int(sys.argv[1])))
