"""Every bad message: refused in MLflow's words, and nothing of it kept."""

import itertools
import json
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from tests import make
from tests.hostile import leaks
from tests.hostile.cases import (
    DELETED_EXPERIMENT,
    DELETED_RUN,
    EXPERIMENT,
    FINE,
    RUN,
)
from tests.hostile.catalogue import CASES
from tracker import lifecycle, registry
from tracker.models import (
    Alias,
    Candidate,
    DatasetUse,
    Experiment,
    ExperimentTag,
    LoggedModel,
    Metric,
    ModelVersion,
    Param,
    Point,
    RegisteredModel,
    Tag,
)

KEPT = (
    *(Experiment, ExperimentTag, Candidate, Param, Tag, Metric, Point, DatasetUse),
    *(LoggedModel, RegisteredModel, ModelVersion, Alias),
)


@pytest.fixture
def names(db):
    """What there is, by the word that stands for it in the catalogue."""
    project = lifecycle.default_project()
    experiment = make.experiment(project, "taken")
    deleted = make.experiment(project, "deleted")
    run = make.candidate(experiment, params={"lr": "0.1"}, metrics={"m": 1.0})
    gone = make.candidate(experiment)
    lifecycle.delete_candidate(gone)
    lifecycle.delete_experiment(deleted)
    other = make.experiment(project, "other")
    registry.register(project, "model")
    return {
        RUN: run.eid,
        DELETED_RUN: gone.eid,
        EXPERIMENT: str(other.iid),
        DELETED_EXPERIMENT: str(deleted.iid),
    }


def filled(value, names):
    if isinstance(value, str):
        for word in names:
            if word in value:
                value = value.replace(word, names[word])
        return value
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    if isinstance(value, dict):
        return {key: filled(item, names) for key, item in value.items()}
    return value


def kept():
    return [list(model._default_manager.order_by("pk").values_list()) for model in KEPT]


def ask(client, case, names):
    route = filled(case.route, names)
    path = quote(route if route.startswith("/") else f"/api/2.0/mlflow/{route}")
    message = filled(case.message, names)
    if case.method == "GET":
        query = {
            key: [str(item) for item in value] if isinstance(value, list) else value
            for key, value in message.items()
        }
        return client.get(f"{path}?{urlencode(query, doseq=True)}")
    return client.generic(case.method, path, json.dumps(message), "application/json")


def problems(case, answer):
    """What is wrong with an answer, in words."""
    if answer.status_code == 200 and FINE in case.answers:
        return
    if answer["Content-Type"] != "application/json":
        yield f"a {answer.status_code} of type {answer['Content-Type']}"
        return
    body = json.loads(answer.content)
    if answer.status_code < 400 or answer.status_code >= 500:
        yield f"status {answer.status_code}: {str(body)[:200]}"
        return
    if body.keys() != {"error_code", "message"} or not body["message"]:
        yield f"another form than an error has: {body}"
        return
    if body["error_code"] not in case.answers:
        yield f"{answer.status_code} {body}"
    sent = json.dumps(case.message, ensure_ascii=False) + case.route
    if leaked := leaks.found_in(body["message"], sent=sent):
        yield f"it tells of {leaked}: {body}"
    if len(body["message"]) > 1000 or any(ord(c) < 32 for c in body["message"]):
        yield f"a message that is no sentence: {body['message'][:200]!r}"


def routes():
    """One test for each: a thousand small ones would take minutes to set up."""
    ordered = sorted(CASES, key=lambda case: (case.route, case.method))
    for key, cases in itertools.groupby(ordered, lambda c: (c.route, c.method)):
        yield pytest.param(list(cases), id=" ".join(reversed(key))[:60])


@pytest.mark.parametrize("cases", list(routes()))
def test_refuses(names, cases):
    client = Client(raise_request_exception=True)
    wrong = []
    before = kept()
    for case in cases:
        answer = ask(client, case, names)
        said = str(case.message)[:150].encode("unicode_escape").decode()
        wrong += [f"{said} → {told}" for told in problems(case, answer)]
        if answer.status_code == 200:
            before = kept()

    assert not wrong, "\n".join(wrong)
    assert kept() == before


def test_knows_its_cases():
    """A table that shrinks by accident tests nothing."""
    assert len(CASES) > 900
    assert len({case.route for case in CASES}) > 35
