"""A project in which a writer has logged the worst that the API takes: every page shows it."""

import json

import pytest
from django.test import Client

from artifacts import ingest, inspection
from artifacts.paths import Place
from tests import make
from tests.hostile.test_pages import MARKUP, addressed, all_wrong, pages
from tracker import lifecycle

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


# Where JSON is expected.
DOCUMENTS = [
    "[" * 50_000,
    '{"mlflow_colspec": ' + "[" * 50_000,
    '{"uri": "javascript:alert(1)", "mlflow_colspec": [{"type": {}}, 7, null]}',
    '{"mlflow_colspec": {"a": 1}, "num_rows": 1e999, "num_elements": NaN}',
    '{"url": "http://[", "tags": [7]}',
    "9" * 5000,
    '"\\ud800"',
    MARKUP,
]


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
        post(
            "runs/log-inputs",
            run_id=run,
            datasets=[
                {
                    "dataset": {
                        "name": MARKUP,
                        "digest": str(place),
                        "source_type": MARKUP[:36],
                        "source": text,
                        "schema": text,
                        "profile": text,
                    },
                    "tags": [{"key": "mlflow.data.context", "value": MARKUP}],
                }
                for place, text in enumerate(DOCUMENTS)
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


HALF = "\\ud800"
FIGURE = f'{{"data": [{{"type": "bar", "name": "{HALF}"}}], "layout": {{}}}}'
CELL = f'{{"cell_type": "markdown", "source": ["# {HALF}"]}}'
# Half a pair of surrogates, wherever something is read out of a file.
FILES = {
    "half.json": f'{{"{HALF}": ["{HALF}"]}}',
    "rows.json": f'[{{"{HALF}": "{HALF}"}}, {{"{HALF}": 1}}]',
    "table.json": f'{{"columns": ["{HALF}"], "data": [["{HALF}"]]}}',
    "figure.json": FIGURE,
    "figure.html": f'<html>plotly Plotly.newPlot("{HALF}", [{FIGURE}], {FIGURE})',
    "vega.json": f'{{"$schema": "vega", "data": {{"values": [{{"a": "{HALF}"}}]}}}}',
    "book.ipynb": f'{{"nbformat": 4, "metadata": {{}}, "cells": [{CELL}]}}',
    "model/MLmodel": f'flavors: {{"{HALF}": 1}}\nmlflow_version: "{HALF}"\n',
    "conda.yaml": f'dependencies: ["{HALF}=1", "a={HALF}", "a=\\U0000D800"]',
    "python_env.yaml": f'python: "{HALF}"',
    "half.csv": '"\\ud800",b\n1,2\n',
}


def test_shows_files_with_half_a_character(db, storage):
    run = make.candidate(make.experiment(lifecycle.default_project(), "sweep"))
    for path, text in FILES.items():
        size = len(text.encode())
        file = ingest.receive(Place(run, path), iter([text.encode()]), size_bytes=size)
        inspection.inspect(inspection.claim(file.pk))
        file.refresh_from_db()
        assert file.state == "ready", file.problem
    client = Client(raise_request_exception=True)
    here = f"/p/default/c/{run.iid}/"
    urls = [here, f"{here}code/", f"{here}artifacts/", f"{here}models/"]
    urls += [f"{here}artifacts/{path}" for path in FILES]

    found = all_wrong(client, urls)

    assert not found, "\n".join(found)


def test_shows_it_on_every_page(world):
    client = Client(raise_request_exception=True)
    usual = "?m=loss&c=1,2,3&chart=line&x=time&log=1&sort=-m:loss&cols=m:loss,p:lr"
    urls = [addressed(route, world) + usual for route in pages()]

    found = all_wrong(client, urls)

    assert not found, "\n".join(found[:40])
