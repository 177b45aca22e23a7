"""A project in which a writer has logged the worst that the API takes: every page shows it."""

import json

import pytest
from django.test import Client

from tests.hostile.test_pages import MARKUP, addressed, all_wrong, pages

LEAST, MOST = -(2**63), 2**63 - 1
NUMBERS = [1.7e308, -1.7e308, 5e-324, "NaN", "Infinity", "-Infinity", -0.0, 1e-300]
TAGS = {
    "mlflow.note.content": MARKUP * 100,
    "mlflow.log-model.history": "[" * 500,
    "mlflow.loggedArtifacts": '[{"path": 5}]',
    "mlflow.source.name": "javascript:alert(1)",
    "mlflow.source.git.repoURL": "http://[",
    "mlflow.source.git.commit": "../../" * 10,
    "mlflow.source.git.branch": MARKUP,
    "mlflow.source.type": "JOB",
    "mlflow.user": MARKUP,
    "mlflow.runColor": "red;background:url(//evil.example)",
    "mlflow.project.env": "x" * 8000,
    "CI_JOB_URL": "javascript:alert(1)",
    "CI_PIPELINE_URL": "http://[",
    "GITHUB_SERVER_URL": "http://[::1",
    "tracker.baseline": "9" * 400,
    "tracker.seed": "1e999",
    "formula": "=cmd()",
}


@pytest.fixture
def world(db):
    client = Client(raise_request_exception=True)

    def post(route, **body):
        answer = client.post(
            f"/api/2.0/mlflow/{route}", json.dumps(body), "application/json"
        )
        assert answer.status_code == 200, answer.content[:300]
        return answer.json()

    made = post(
        "experiments/create",
        name=MARKUP,
        tags=[
            {"key": key, "value": value}
            for key, value in (
                ("mlflow.note.content", MARKUP * 50),
                ("tracker.baseline", "9" * 400),
                ("tracker.primary", MARKUP[:100]),
                ("tracker.view", "../.."),
                ("mlflow.sharedViewState.x", "{"),
            )
        ],
    )
    runs = []
    for number, start in enumerate((0, 1, MOST)):
        run = post(
            "runs/create",
            experiment_id=made["experiment_id"],
            run_name=MARKUP,
            start_time=start,
            tags=[{"key": key, "value": value} for key, value in TAGS.items()],
        )["run"]["info"]["run_id"]
        runs.append(run)
        points = [
            {"key": key, "value": value, "step": step, "timestamp": time}
            for key in ("loss", "val/acc", "a b:c", "system/x", "x" * 250)
            for value, step, time in zip(
                NUMBERS,
                (LEAST, MOST, 0, -1, 1, LEAST + 1, MOST - 1, 7),
                (0, MOST, 1, MOST - 1, 2**53, 10**15, 3, 10**12),
                strict=True,
            )
        ]
        post(
            "runs/log-batch",
            run_id=run,
            metrics=points,
            params=[
                {"key": key, "value": value}
                for key, value in (
                    ("lr", ["1e999", "-1e-999", "NaN"][number]),
                    ("seed", ["9" * 400, "-0", "٣"][number]),
                    ("text", MARKUP * 50),
                )
            ],
        )
        # Its own parent; and the three in a ring.
        for parent in (run, runs[number - 1]):
            post("runs/set-tag", run_id=run, key="mlflow.parentRunId", value=parent)
    post("runs/set-tag", run_id=runs[0], key="mlflow.parentRunId", value=runs[-1])
    post("runs/update", run_id=runs[0], status="FINISHED", end_time=MOST)
    post("runs/update", run_id=runs[2], status="FAILED", end_time=0)
    post("registered-models/create", name=MARKUP.replace("/", "").replace(":", ""))
    eid = runs[0]
    return {"slug": "default", "project": "default", "iid": "1", "eid": eid}


def test_shows_it_on_every_page(world):
    client = Client(raise_request_exception=True)
    usual = "?m=loss&c=1,2,3&chart=line&x=time&log=1&sort=-m:loss&cols=m:loss,p:lr"
    urls = [addressed(route, world) + usual for route in pages()]

    found = all_wrong(client, urls)

    assert not found, "\n".join(found[:40])
