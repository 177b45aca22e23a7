"""`make bench`: a minute of what scripts do all day, against our server and MLflow's.

Rounds take turns, so that a busy machine slows both; the table shows medians of three.
For conclusions see docs/performance.md, which says how to measure properly.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

from tests.live import Server, environment, free_port

ROUNDS = 3
SECONDS = 2.0
API = "/api/2.0/mlflow/"
START_SECONDS = 180


class Script:
    """One connection that is kept, as a training script has it."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.run = self.create()

    def post(self, route: str, **body: object) -> dict:
        headers = {"Content-Type": "application/json"}
        self.connection.request("POST", API + route, json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{route}: {answer.status} {content[:200]!r}")
        return json.loads(content)

    def create(self) -> str:
        return self.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]

    def log_metric(self, step: int) -> None:
        point = {"key": f"m{step % 10}", "value": 0.1, "timestamp": 1, "step": step}
        self.post("runs/log-metric", run_id=self.run, **point)

    def log_batch(self, step: int) -> None:
        points = [
            {"key": f"b{n % 10}", "value": 0.1, "timestamp": 1, "step": step * 100 + n}
            for n in range(1000)
        ]
        self.post("runs/log-batch", run_id=self.run, metrics=points)

    def life(self, step: int) -> None:
        run = self.create()
        self.post(
            "runs/log-batch",
            run_id=run,
            params=[{"key": f"p{n}", "value": str(step)} for n in range(20)],
            tags=[{"key": f"t{n}", "value": f"value-{n}"} for n in range(5)],
            metrics=[
                {"key": f"m{n}", "value": step / (n + 1), "timestamp": 1, "step": 0}
                for n in range(10)
            ],
        )
        self.post("runs/update", run_id=run, status="FINISHED", end_time=1)

    def search(self, step: int) -> None:
        self.post("runs/search", experiment_ids=["0"], max_results=100)


WORKLOADS = [
    ("log-metric, one connection", Script.log_metric, 1),
    ("log-metric, 16 connections", Script.log_metric, 16),
    ("log-batch of 1,000, 8 connections", Script.log_batch, 8),
    ("create, batch of 35, finish, 8 connections", Script.life, 8),
    ("search, page of 100", Script.search, 1),
]


def rate(port: int, act, connections: int, seconds: float = SECONDS) -> float:
    """How often a second all connections together get an answer."""
    done: list[int] = []
    scripts = [Script(port) for _ in range(connections)]
    began = time.monotonic()

    def work(script: Script) -> None:
        step = 0
        while time.monotonic() < began + seconds:
            act(script, step)
            step += 1
        done.append(step)

    threads = [threading.Thread(target=work, args=(script,)) for script in scripts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(done) < connections:
        raise SystemExit("A connection failed; its traceback is above.")
    return sum(done) / (time.monotonic() - began)


def mlflow(folder: Path) -> tuple[subprocess.Popen, int]:
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    with open(folder / "mlflow.log", "wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), *store],
            cwd=folder,
            env=environment(),
            stdout=log,
            stderr=log,
        )
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return process, port
    process.kill()
    raise SystemExit("MLflow's server does not start.")


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ours = Server(folder / "data").start()
        peer = None
        try:
            peer, port = mlflow(folder)
            print("| workload | ours, per second | MLflow's | ratio |")
            print("|---|---|---|---|")
            for name, act, connections in WORKLOADS:
                rounds = [
                    (rate(ours.port, act, connections), rate(port, act, connections))
                    for _ in range(ROUNDS)
                ]
                mine, theirs = map(statistics.median, zip(*rounds, strict=True))
                ratio = mine / theirs if theirs else float("inf")
                print(
                    f"| {name} | {mine:,.0f} | {theirs:,.1f} | {ratio:.1f} |",
                    flush=True,
                )
        finally:
            ours.stop()
            if peer:
                peer.terminate()
                peer.wait(30)


if __name__ == "__main__":
    main()
