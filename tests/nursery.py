"""Processes of the program that are born with everything loaded: each is forked from one that a test worker starts once.

A life begins at ``chatbot.__main__.main`` or in a file, with a pid, an environment, a folder and streams of its own, and ends or is killed
like any process; only the loading is left out, which is most of what a short life costs. What is about loading, or about the start as
people know it, starts ``python -m chatbot`` itself.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from typing import IO, TYPE_CHECKING, Any

from tests import on_postgres
from tests.once import compile_once
from tests.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import NoReturn

_REQUEST_BYTES = 1 << 20


class Born:
    """A process; the part of :class:`asyncio.subprocess.Process` that tests use."""

    def __init__(self, told: int) -> None:
        #: gives the pid, and after the process has ended its exit code
        self._told = os.fdopen(told, "r")
        self.pid = int(self._told.readline())
        self._code: int | None = None

    @property
    def returncode(self) -> int | None:
        """The exit code, minus the signal that killed it; None while it lives."""
        return self._ended(0.0)

    def send_signal(self, number: int) -> None:
        """Send a signal to it."""
        if self.returncode is None:
            os.kill(self.pid, number)

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""
        while (code := self.returncode) is None:  # noqa: ASYNC110 - a pipe tells, and nobody waits long
            await asyncio.sleep(0.01)
        return code

    def end(self, timeout_s: float) -> int:
        """Wait for its end, keeping everything else waiting, and return the exit code."""
        code = self._ended(timeout_s)
        if code is None:
            os.kill(self.pid, signal.SIGKILL)
            raise TimeoutError
        return code

    def _ended(self, timeout_s: float) -> int | None:
        if self._code is None:
            with selectors.DefaultSelector() as wait:
                wait.register(self._told, selectors.EVENT_READ)
                if wait.select(timeout_s):
                    self._code = int(self._told.readline())
                    self._told.close()
        return self._code


def start(*arguments: str, env: Mapping[str, str], cwd: Path, stdout: IO[bytes], stderr: IO[bytes], file: Path | None = None) -> Born:
    """Start ``python -m chatbot``, or another ``file``, with these arguments."""
    ours, theirs = os.pipe()
    request = json.dumps(
        {"file": str(file) if file else "", "arguments": arguments, "env": {**env, **on_postgres.environment()}, "cwd": str(cwd)}
    ).encode()
    socket.send_fds(_nursery(), [request], [theirs, stdout.fileno(), stderr.fileno()])
    os.close(theirs)
    return Born(ours)


def run(
    *arguments: str, env: Mapping[str, str] = os.environ, cwd: Path = ROOT, file: Path | None = None, timeout_s: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m chatbot``, or another ``file``, with these arguments to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = start(*arguments, env=env, cwd=cwd, stdout=out, stderr=err, file=file).end(timeout_s)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read().decode(), err.read().decode())


@cache
def _nursery() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.nursery", str(theirs.fileno())]
    mother = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True)
    theirs.close()
    atexit.register(mother.wait)
    atexit.register(ours.close)
    return ours


def _serve(asked: socket.socket) -> None:
    """Fork whoever is asked for and tell of their ends, until nobody can ask any more; who still lives then is killed."""
    waiting, living = selectors.DefaultSelector(), dict[int, tuple[int, int]]()
    waiting.register(asked, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is asked:
                request, fds, _, _ = socket.recv_fds(asked, _REQUEST_BYTES, 3)
                if not request:
                    for pid, _ in living.values():
                        os.kill(pid, signal.SIGKILL)
                    return
                told, out, err = fds
                pid = os.fork()
                if pid == 0:
                    _live(json.loads(request), out, err)
                os.close(out)
                os.close(err)
                os.write(told, f"{pid}\n".encode())
                ended = os.pidfd_open(pid)
                living[ended] = (pid, told)
                waiting.register(ended, selectors.EVENT_READ)
            else:
                pid, told = living.pop(key.fd)
                waiting.unregister(key.fd)
                os.close(key.fd)
                os.write(told, f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())
                os.close(told)


def _live(request: dict[str, Any], out: int, err: int) -> NoReturn:
    """Be the process that was asked for."""
    from chatbot.__main__ import main  # noqa: PLC0415 - loaded in the nursery only

    os.dup2(out, 1)
    os.dup2(err, 2)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    on_postgres.redirect()
    if request["file"]:
        sys.argv = [request["file"], *request["arguments"]]
        runpy.run_path(request["file"], run_name="__main__")
        sys.exit()
    sys.exit(main(request["arguments"]))


def _load() -> None:
    """Load what the commands of the program load by and by."""
    for name in ("chatbot.app", "dbos", "handlers.bot", "handlers.doctor", "handlers.transport.running", "chatbot.web.server"):
        importlib.import_module(name)
    compile_once()  # who is forked from a process of ours has what that one compiled


if __name__ == "__main__":
    _load()
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
