"""`kill -9` in the middle of everything: what was acknowledged is there, once and whole.

Eight scripts log until the server is killed; then their notes are compared with what the
next server shows. TRACKER_TEST_KILLS=20 kills it as often, and TRACKER_TEST_DATABASE=
postgresql does it on PostgreSQL.
"""

import contextlib
import os
import random
import shutil
import signal
import threading
import time
import uuid

import pytest
import requests

from tests.live import Server

KILLS = int(os.environ.get("TRACKER_TEST_KILLS", "1"))
WRITERS = 8
WORK_SECONDS = 1.5
BATCH = 20  # metrics of one batch

# Every series, summed up anew from its points; and strays, young ones too.
COMPARE = """
from datetime import timedelta
from django.db.models import Count, Max, Min
from django.utils import timezone
from artifacts import checking, inspection
from tracker.models import Metric
far = [
    metric.key
    for metric in Metric.objects.annotate(
        n=Count("points"), low=Min("points__value"), high=Max("points__value")
    )
    if (metric.n, metric.low, metric.high)
    != (metric.count, metric.min_value, metric.max_value)
]
inspection.KEEP_DISCARDED = inspection.KEEP_DRAFTS = timedelta(0)
inspection.discard_litter()
checking.STRAY_AFTER = timedelta(0)
print("far", len(far))
print("found", [
    (one.problem.value, one.blob) for one in checking.check(checksums=True)
])
"""


@pytest.fixture
def database():
    if os.environ.get("TRACKER_TEST_DATABASE") != "postgresql":
        yield {}
        return
    from tests.postgresql import new_database

    with new_database("kill") as address:
        yield {"TRACKER_DATABASE_URL": address}


class Script(threading.Thread):
    """Logs until its server is gone, and notes what it was told was done."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.session = requests.Session()
        self.random = random.Random(number)
        self.runs: dict[str, dict] = {}
        self.versions: list[str] = []
        self.refused: list[str] = []

    def call(self, route, **body):
        answer = self.session.post(
            f"{self.server.url}/api/2.0/mlflow/{route}", json=body, timeout=30
        )
        self.note(answer)
        return answer.json()

    def note(self, answer):
        if answer.status_code != 200:
            self.refused.append(f"{answer.status_code} {answer.text[:200]}")
            raise requests.ConnectionError

    def run(self):
        with contextlib.suppress(requests.RequestException):
            name = f"model-{self.number}-{uuid.uuid4().hex[:6]}"
            self.call("registered-models/create", name=name)
            while True:
                self.log(name)

    def log(self, model):
        info = self.call("runs/create", experiment_id="0", run_name="r")["run"]["info"]
        run_id = info["run_id"]
        done = self.runs[run_id] = {
            "points": [],
            "batches": [],
            "files": {},
            "tags": {},
        }
        folder = info["artifact_uri"].removeprefix("mlflow-artifacts:")
        for step in range(6):
            value = self.random.random()
            point = {"key": "loss", "value": value, "timestamp": step, "step": step}
            self.call("runs/log-metric", run_id=run_id, **point)
            done["points"].append((step, value))
            metrics = [
                {"key": f"m{n}", "value": value + n, "timestamp": 1, "step": step}
                for n in range(BATCH)
            ]
            params = [{"key": f"p{step}", "value": "x"}]
            self.call("runs/log-batch", run_id=run_id, metrics=metrics, params=params)
            done["batches"].append(step)
            self.call("runs/set-tag", run_id=run_id, key="at", value=str(step))
            done["tags"]["at"] = step
            content = self.random.randbytes(self.random.randrange(1, 300_000))
            address = f"mlflow-artifacts/artifacts{folder}/f{step}.bin"
            self.note(
                self.session.put(
                    f"{self.server.url}/api/2.0/{address}", data=content, timeout=30
                )
            )
            done["files"][address] = content
            made = self.call(
                "model-versions/create",
                name=model,
                source=f"runs:/{run_id}/m",
                run_id=run_id,
            )
            self.versions.append((model, made["model_version"]["version"]))


def check(server, script):
    """Compare a script's notes with what the server says now."""
    session = requests.Session()

    def get(route, **query):
        answer = session.get(f"{server.url}/api/2.0/{route}", params=query, timeout=30)
        assert answer.status_code == 200, f"{route} {query}: {answer.text[:200]}"
        return answer

    for run_id, done in script.runs.items():
        data = get("mlflow/runs/get", run_id=run_id).json()["run"]["data"]
        history = get(
            "mlflow/metrics/get-history", run_id=run_id, metric_key="loss"
        ).json()
        stored = [(one["step"], one["value"]) for one in history.get("metrics", [])]
        assert stored[: len(done["points"])] == done["points"]
        assert len(stored) - len(done["points"]) in (0, 1)  # not told, and stored
        # Of a batch everything is there, or nothing.
        params = {one["key"] for one in data.get("params", [])}
        assert {f"p{step}" for step in done["batches"]} <= params
        assert len(params) - len(done["batches"]) in (0, 1)
        for key in ("m0", f"m{BATCH - 1}") if params else ():
            history = get(
                "mlflow/metrics/get-history", run_id=run_id, metric_key=key
            ).json()
            assert {f"p{one['step']}" for one in history["metrics"]} == params
            assert len(history["metrics"]) == len(params)
        tags = {one["key"]: one["value"] for one in data.get("tags", [])}
        if "at" in done["tags"]:
            assert int(tags["at"]) - done["tags"]["at"] in (0, 1)
        for address, content in done["files"].items():
            assert get(address).content == content
    for name, version in script.versions:
        get("mlflow/model-versions/get", name=name, version=version)
    assert len(set(script.versions)) == len(script.versions)


def test_keeps_what_was_acknowledged(tmp_path, prepared, database):
    shutil.copytree(prepared.folder, tmp_path / "data")
    server = Server(tmp_path / "data", **database).start()
    everything = []
    try:
        for _ in range(KILLS):
            scripts = [Script(server, number) for number in range(WRITERS)]
            for script in scripts:
                script.start()
            time.sleep(WORK_SECONDS + random.random())
            server.stop(signal.SIGKILL)
            for script in scripts:
                script.join(60)
            began = time.monotonic()
            server.start()
            print(f"\nanswers {time.monotonic() - began:.1f} s after the kill")
            assert [one for script in scripts for one in script.refused] == []
            for script in scripts:
                check(server, script)
            everything += scripts
        for script in everything[:-WRITERS]:
            check(server, script)
        compared = server.manage("shell", "-v0", "-c", COMPARE)
    finally:
        server.stop()

    runs = sum(len(script.runs) for script in everything)
    files = sum(len(d["files"]) for s in everything for d in s.runs.values())
    print(f"{runs} runs and {files} files after {KILLS} kills")
    assert runs >= WRITERS and files
    assert compared.stdout.split("\n")[:2] == ["far 0", "found []"], compared
