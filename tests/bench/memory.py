"""`python -m tests.bench.memory`: what an hour of ordinary work leaves in memory.

A real server with 100,000 candidates gets about forty requests a second: points, lives of
runs, searches, pages, files. Now and then all candidates are exported, and a gigabyte goes
up and down. Once a minute each process says what it holds (PSS, in MB); the peak is its
largest resident size of that minute, in which what it shares with others counts in full.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TextIO

import psutil

from tests.live import ROOT, Server, environment

API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
PROJECT = "default"
EXPERIMENT = "large"
SCRIPTS = 4
EACH_A_SECOND = 10
LOOK_SECONDS = 1.0
CHUNK = 1 << 20
SMALL_FILE = 64 * 1024
LARGE_FILE = 1 << 30
EXPORT_SECONDS = 240
FILE_SECONDS = 420
SETTLE_SECONDS = 10
MEGABYTE = 1 << 20


class Script:
    """One connection, and what a training script or a person does with it."""

    def __init__(self, port: int, experiment: str, page: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=600)
        self.experiment, self.page = experiment, page
        self.chance = random.Random(page)
        self.step = 0
        self.run, self.iid = self.create()

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> int:
        """How many bytes came back; they are read in pieces, and not kept."""
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        size, first = 0, b""
        while piece := answer.read(CHUNK):
            size += len(piece)
            first = first or piece[:300]
        if answer.status not in (200, 204):
            raise RuntimeError(f"{method} {path}: {answer.status} {first!r}")
        return size

    def post(self, route: str, **body: object) -> dict:
        headers = {"Content-Type": "application/json"}
        self.connection.request("POST", API + route, json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{route}: {answer.status} {content[:300]!r}")
        return json.loads(content)

    def create(self) -> tuple[str, str]:
        run = self.post("runs/create", experiment_id=self.experiment)["run"]
        tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
        return run["info"]["run_id"], tags.get("tracker.iid", "")

    def life(self) -> None:
        self.post("runs/update", run_id=self.run, status="FINISHED", end_time=1)
        self.run, self.iid = self.create()
        params = [{"key": f"p{n}", "value": str(n)} for n in range(10)]
        tags = [{"key": "team", "value": "team-red-1"}]
        self.post("runs/log-batch", run_id=self.run, params=params, tags=tags)

    def log_metric(self) -> None:
        self.step += 1
        point = {"key": f"m{self.step % 10}", "value": self.chance.random()}
        self.post(
            "runs/log-metric", run_id=self.run, **point, timestamp=1, step=self.step
        )

    def log_batch(self) -> None:
        self.step += 10
        points = [
            {"key": f"m{n % 10}", "value": n / 7, "timestamp": 1, "step": self.step + n}
            for n in range(100)
        ]
        self.post("runs/log-batch", run_id=self.run, metrics=points)

    def search(self) -> None:
        low = self.chance.random()
        self.post(
            "runs/search",
            experiment_ids=[self.experiment],
            filter=f"metrics.m1 > {low}",
            order_by=self.chance.choice([[], ["metrics.m1 DESC"]]),
            max_results=100,
        )

    def history(self) -> None:
        query = f"run_id={self.run}&metric_key=m1"
        self.ask("GET", f"{API}metrics/get-history?{query}")

    def small_file(self) -> None:
        content = self.chance.randbytes(SMALL_FILE)
        path = f"{FILES}/{self.experiment}/{self.run}/artifacts/model.bin"
        self.ask("PUT", path, content)
        self.ask("GET", path)

    def open_page(self) -> None:
        number = self.chance.randrange(1, 90_000)
        some = ",".join(str(number + n) for n in range(5))
        base = f"/p/{PROJECT}"
        path = self.chance.choice(
            [
                self.page,
                f"{self.page}?q=m1+%3E+0.99&sort=-m:m2",
                f"{self.page}?q=team+like+%27%25red%25%27",
                f"{self.page}?q=run-{number}",
                f"{base}/",
                f"{base}/experiments/",
                f"{base}/c/{number}/",
                f"{base}/compare/?tab=params&c={some}",
                f"{base}/compare/chart.json?chart=lines&m=m1&c={some}",
            ]
        )
        self.ask("GET", path, **{"Accept-Encoding": "gzip"})

    def work(self, until: float, told: "Told") -> None:
        acts = [self.log_metric] * 20 + [self.log_batch] * 6 + [self.life] * 3
        acts += [self.search] * 4 + [self.history] + [self.small_file] * 2
        acts += [self.open_page] * 4
        due = time.monotonic()
        while due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            told.note(self.chance.choice(acts))
            # Who falls behind does not catch up: the rate is modest, or less.
            due = max(due + 1 / EACH_A_SECOND, time.monotonic())


class Told:
    """What was done, and what failed."""

    def __init__(self) -> None:
        self.done = 0
        self.failed: list[str] = []

    def note(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (OSError, RuntimeError) as problem:
            self.failed.append(f"{act.__name__}: {problem}"[:300])
        self.done += 1


def every(
    seconds: float, act: Callable[[], object], until: float, told: Told
) -> Iterator[float]:
    """Do it at once and then so often; how long each took."""
    while time.monotonic() < until:
        began = time.monotonic()
        told.note(act)
        yield time.monotonic() - began
        time.sleep(max(0.0, min(began + seconds, until) - time.monotonic()))


def export(script: Script) -> None:
    """All candidates, as the table's page offers them."""
    script.connection.close()
    script.ask("GET", f"{script.page.rstrip('/')}.csv?all=1")


def large_file(script: Script) -> None:
    """A gigabyte up and down, made as it is sent."""
    piece = script.chance.randbytes(CHUNK)
    path = f"{FILES}/{script.experiment}/{script.run}/artifacts/large.bin"
    script.connection.close()  # minutes lie between: the server has done so
    pieces = (piece for _ in range(LARGE_FILE // CHUNK))
    script.ask("PUT", path, pieces, **{"Content-Length": str(LARGE_FILE)})
    if script.ask("GET", path) != LARGE_FILE:
        raise RuntimeError("The large file came back in another size.")


@dataclass
class Held:
    """What one process holds, minute by minute, in MB."""

    name: str
    process: psutil.Process
    idle: float
    pss: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    peak: float = 0.0

    def look(self) -> None:
        self.peak = max(self.peak, self.process.memory_info().rss / MEGABYTE)

    def note(self) -> float:
        self.pss.append(pss(self.process))
        self.peaks.append(self.peak)
        self.peak = 0.0
        return self.pss[-1]


def pss(process: psutil.Process) -> float:
    return process.memory_full_info().pss / MEGABYTE


def watched(server: Server) -> list[Held]:
    """The web workers and the worker, by what they are."""
    own = server.processes()[0]
    # In the order in which `serve` starts them.
    web, worker = sorted(own.children(), key=lambda one: one.pid)
    named = [("web", web), ("worker", worker)]
    named += [(f"web worker {n}", p) for n, p in enumerate(web.children(), 1)]
    named += [(f"worker's child {n}", p) for n, p in enumerate(worker.children(), 1)]
    return [Held(name, process, pss(process)) for name, process in named]


def seed(server: Server, candidates: int) -> None:
    """Once; a second run goes on with the same data."""
    for command in (
        ["prepare"],
        ["seed_load", f"--project={PROJECT}", f"--experiment={EXPERIMENT}"]
        + [f"--candidates={candidates}", "--long=5", "--points=100000"],
    ):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment(**server.settings),
            check=True,
        )


def experiment(port: int) -> tuple[str, str]:
    """Its id for the API, and its page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/p/{PROJECT}/experiments.csv")
    lines = connection.getresponse().read().decode("utf-8-sig").splitlines()
    [iid] = [line.split(",")[0] for line in lines if f",{EXPERIMENT}," in line]
    return iid, f"/p/{PROJECT}/experiments/{iid}/"


def run(server: Server, minutes: int, out: TextIO) -> tuple[list[Held], Told]:
    iid, page = experiment(server.port)
    time.sleep(SETTLE_SECONDS)
    held, told = watched(server), Told()
    until = time.monotonic() + 60 * minutes
    scripts = [Script(server.port, iid, page) for _ in range(SCRIPTS)]
    exporter, sender = (Script(server.port, iid, page) for _ in range(2))
    rare = (
        every(EXPORT_SECONDS, lambda: export(exporter), until, told),
        every(FILE_SECONDS, lambda: large_file(sender), until, told),
    )
    threads = [
        threading.Thread(target=one.work, args=(until, told)) for one in scripts
    ] + [threading.Thread(target=list, args=(one,)) for one in rare]
    for thread in threads:
        thread.start()
    print("minute", *(one.name for one in held), "requests", sep=",", file=out)
    for minute in range(minutes):
        began = time.monotonic()
        while time.monotonic() < began + 60:
            for one in held:
                one.look()
            time.sleep(LOOK_SECONDS)
        sizes = [f"{one.note():.1f}" for one in held]
        print(minute + 1, *sizes, told.done, sep=",", file=out, flush=True)
    for thread in threads:
        thread.join()
    return held, told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--warm", type=int, default=10, help="minutes of warm-up")
    parser.add_argument("--minutes", type=int, default=50, help="minutes after it")
    parser.add_argument("--folder", type=Path, help="of the data, to use it again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        server = Server((asked.folder or Path(place) / "data").resolve())
        seed(server, asked.candidates)
        server.start()
        try:
            held, told = run(server, asked.warm + asked.minutes, sys.stdout)
        finally:
            server.stop()
    few = min(5, asked.warm, asked.minutes)
    print("\n| process | idle | warm | at the end | growth | peak (RSS) |")
    print("|---|---|---|---|---|---|")
    for one in held:
        # Medians, since a page in progress is no growth.
        warm = statistics.median(one.pss[asked.warm : asked.warm + few])
        end = statistics.median(one.pss[-few:])
        print(
            f"| {one.name} | {one.idle:.0f} | {warm:.0f} | {end:.0f}"
            f" | {end - warm:+.1f} | {max(one.peaks):.0f} |"
        )
    print(f"\n{told.done:,} requests, {len(told.failed)} failed")
    for problem in sorted(set(told.failed))[:10]:
        print(problem)


if __name__ == "__main__":
    main()
