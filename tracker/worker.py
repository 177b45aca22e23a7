"""The worker: Celery with this project's tasks, and the clock that starts the regular ones."""

import os
import signal
import warnings
from pathlib import Path
from types import FrameType
from typing import Any

from celery import bootsteps, signals
from celery.apps.worker import Worker
from celery.exceptions import WorkerShutdown
from django.conf import settings

from tracker import wakeups
from tracker.celery import app
from tracker.processes import die_with_parent


class PromptWorker(Worker):
    """Notices a signal at once; Celery's own looks for one every two seconds or four.

    The task in progress runs in another process and is waited for. A message that was
    being fetched may be lost, and is only a wake-up.
    """

    def install_platform_tweaks(self, worker: Any) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, stop)


# Touched by the worker's own loop; a health check looks at its age.
ALIVE = "worker.alive"
PULSE_SECONDS = 15.0


class Pulse(bootsteps.StartStopStep):
    """Says that the loop goes round: a process may be there and hang."""

    requires = ("celery.worker.components:Timer",)

    def start(self, parent: Any) -> None:
        path = Path(settings.DATA_DIR, ALIVE)
        path.touch()
        parent.timer.call_repeatedly(PULSE_SECONDS, path.touch)


STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# What the clock asks for each minute, and a new worker at once.
SWEEPS = ("tracker.tasks.sweep", "artifacts.tasks.sweep")
# Two, so that a task which takes long does not keep the others waiting.
CONCURRENCY = 2


def stop(number: int, frame: FrameType | None) -> None:
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # once is enough
    raise WorkerShutdown(0)


def run(*, beat: bool, concurrency: int = CONCURRENCY) -> int:
    """Work until told to stop; a task in progress is finished first."""
    # Celery advises against root because of pickle, which is not accepted here.
    warnings.filterwarnings("ignore", module="celery.platforms")
    parent = os.getpid()

    def follow(**event: Any) -> None:
        die_with_parent(parent)

    def look_around(**event: Any) -> None:
        """At once: what was left lying, and the page that asks whether a worker is there."""
        for sweep in SWEEPS:
            wakeups.send(sweep)

    signals.worker_process_init.connect(follow, weak=False)
    signals.worker_ready.connect(look_around, weak=False)
    signals.beat_embedded_init.connect(follow, weak=False)
    if Pulse not in app.steps["worker"]:
        app.steps["worker"].add(Pulse)
    worker = PromptWorker(
        app=app,
        # A process per task: a hostile file that hangs or crashes a parser costs one
        # task, and a time limit can end it.
        pool="prefork",
        concurrency=concurrency,
        beat=beat,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
    )
    worker.start()
    return worker.exitcode or 0
