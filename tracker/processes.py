"""The processes of one server: the web server and the Celery worker, and who watches them.

`serve` prepares everything, then forks both from its own loaded state: they start at
once and share its memory. It stays single-threaded and does nothing but watch, so it can
fork a new worker at any time. Nothing outlives it, however it ends.
"""

import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from types import FrameType
from typing import Any

log = logging.getLogger(__name__)

# Without fork (macOS warns of it, Windows lacks it) each process loads Django by itself.
context: Any = multiprocessing.get_context(
    "fork" if sys.platform == "linux" else "spawn"
)

# A request or a task in progress may take this long to finish once we are told to stop.
GRACE_SECONDS = 10.0
# A worker that ran this long was well: its next failure is a first one.
WELL_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 30.0
READY_PAUSE_SECONDS = 0.02

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends.

    Everything here is built to survive a kill at any moment, so the sure way is also
    the simple one. Where there is no such request, a killed parent leaves its children.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


class Child:
    """A process of ours, and how it is doing."""

    def __init__(self, name: str, run: Callable[..., None], *args: Any) -> None:
        self.name = name
        self.run = run
        self.args = args
        self.failures = 0
        self.started = 0.0
        self.due = 0.0  # when to start it again
        self.process: Any = None

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = context.Process(
            target=_begin, args=(os.getpid(), self.run, *self.args), name=self.name
        )
        self.process.start()

    def bury(self) -> int:
        """The exit code of a process that ended; the next one waits, longer each time."""
        self.process.join()
        code: int = self.process.exitcode
        self.process.close()
        self.process = None
        now = time.monotonic()
        if now - self.started > WELL_SECONDS:
            self.failures = 0
        self.due = now + min(2.0**self.failures, LONGEST_PAUSE_SECONDS)
        self.failures += 1
        return code


def _begin(parent: int, run: Callable[..., None], *args: Any) -> None:
    """The first thing a child does."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Ctrl-C reaches a whole group; the one who watches decides who stops, and when.
    os.setpgrp()
    die_with_parent(parent)
    run(*args)


def watch(web: Child, worker: Child, *, is_ready: Callable[[], bool]) -> int:
    """Run both until a signal comes. Returns the exit code.

    A web server that ends takes everything with it: whoever started us has to know. A
    worker is started again, for the work it left is in the database. `is_ready` is asked
    until it says yes.
    """
    alarm = _alarm()
    gc.freeze()  # what is loaded by now stays shared between the processes
    try:
        return _keep(web, worker, alarm, is_ready)
    finally:  # also after an error: nobody else would ever tell them to stop
        _stop([child for child in (web, worker) if child.process])


def _keep(
    web: Child, worker: Child, alarm: socket.socket, is_ready: Callable[[], bool]
) -> int:
    web.start()
    worker.start()
    waiting = True
    while not _rang(alarm):
        if web.process.exitcode is not None:
            log.error("The web server ended; stopping.")
            return 1
        waiting = waiting and not is_ready()
        pause = READY_PAUSE_SECONDS if waiting else None
        if worker.process and worker.process.exitcode is not None:
            ended = worker.bury()
            log.error("The worker ended with code %s; starting it again.", ended)
        if not worker.process:
            pause = worker.due - time.monotonic()
            if pause <= 0:
                worker.start()
                continue
        running = [child.process.sentinel for child in (web, worker) if child.process]
        wait([alarm, *running], pause)
    return 0


def _alarm() -> socket.socket:
    """Readable as soon as a signal that stops us has come."""
    alarm, bell = socket.socketpair()
    for end in (alarm, bell):
        end.setblocking(False)
    signal.set_wakeup_fd(bell.detach(), warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Under nohup, a terminal that closes means nothing.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _noted)
    return alarm


def _noted(number: int, frame: FrameType | None) -> None:
    """Nothing: the signal's number has been written to the wake-up socket."""


def _rang(alarm: socket.socket) -> bool:
    try:
        return bool(alarm.recv(64))
    except BlockingIOError:
        return False


def _stop(children: list[Child]) -> None:
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.process.join(max(0.0, deadline - time.monotonic()))
        if child.process.exitcode is None:
            log.warning("The %s did not stop in time; it is killed.", child.name)
            child.process.kill()
            child.process.join()
