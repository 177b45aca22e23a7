"""Promises that all endpoints keep, over the route table itself."""

import json
import re

import pytest
from django.test import Client

from tests import make
from tests.api.words import GONE
from tracker import registry
from tracker.api import urls
from tracker.api.endpoint import EndpointView
from tracker.models import Alias, Metric, ModelVersion, Param, Role, Tag

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
FILLING = {"model_id": "m-1", "tag_key": "k"}


def routes():
    """Address and methods of every line of the table of contents."""
    for pattern in urls.urlpatterns:
        view = pattern.callback
        if getattr(view, "cls", None) is EndpointView:
            yield str(pattern.pattern), view.initkwargs["endpoints"]


ROUTES = dict(routes())
ENDPOINTS = [
    (address, method)
    for address, endpoints in ROUTES.items()
    for method in endpoints
    if address.startswith("api/")
    or "api/" + address.removeprefix("ajax-api/") not in ROUTES
]


def path(address, **filling):
    return "/" + re.sub(r"<\w+:(\w+)>", lambda m: (FILLING | filling)[m[1]], address)


def call(method, url, **body):
    client = Client(raise_request_exception=True)
    if method == "GET":
        return client.get(url, body)
    return client.generic(method, url, json.dumps(body), "application/json")


def test_has_a_twin_for_browsers_of_every_route():
    below_api = {
        address.removeprefix("api/") for address in ROUTES if address[:4] == "api/"
    }
    twins = {
        address.removeprefix("ajax-api/")
        for address in ROUTES
        if address[:5] == "ajax-"
    }

    assert twins - below_api == {
        "2.0/mlflow/experiments/search-datasets",
        "2.0/mlflow/metrics/get-history-bulk",
    }
    assert below_api <= twins


@pytest.mark.django_db
@pytest.mark.parametrize("address", ROUTES)
def test_names_the_methods_it_allows(address):
    allowed = ROUTES[address]

    for method in METHODS:
        if method not in allowed:
            response = call(method, path(address))
            assert response.status_code == 405, method
            assert set(response["Allow"].split(", ")) == set(allowed)
            assert response.json()["error_code"] == "BAD_REQUEST"


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "method"), ENDPOINTS)
@pytest.mark.parametrize("prefix", ["", "/p/vision"])
def test_answers_an_empty_message_with_json(vision, prefix, address, method):
    response = call(method, prefix + path(address))

    assert response["Content-Type"] == "application/json"
    assert response.status_code in (200, 400, 404)
    assert isinstance(response.json(), dict)


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "method"), ENDPOINTS)
def test_answers_json_below_a_project_that_is_not_there(address, method):
    response = call(method, "/p/nobody" + path(address))

    assert response.status_code == 404
    assert response.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


# What a message needs beside the id to get as far as looking for it.
ENOUGH = {
    "new_name": "b",
    "key": "k",
    "value": "1",
    "timestamp": 1,
    "models": [],
    "metric_key": "loss",
    "status": "LOGGED_MODEL_READY",
    "model_json": '{"artifact_path": 1, "flavors": 1, "utc_time_created": 1, "run_id": 1}',
    "max_results": 10,
    "experiment_name": "ours",
    "name": "theirs",
    "version": "1",
    "alias": "best",
    "stage": "Staging",
    "source": "s3://bucket/path",
}
# These leave out what they do not find, and answer with what is left: nothing.
LISTS = {
    "2.0/mlflow/runs/search",
    "2.0/mlflow/logged-models/search",
    "2.0/mlflow/metrics/get-history",
    "2.0/mlflow/metrics/get-history-bulk",
    "2.0/mlflow/metrics/get-history-bulk-interval",
    "2.0/mlflow/experiments/search",
    "2.0/mlflow/experiments/search-datasets",
    "2.0/mlflow/registered-models/search",
    "2.0/mlflow/model-versions/search",
}
NAME_NOTHING = {
    "3.0/mlflow/server-info",
    "2.0/mlflow/experiments/create",
    "2.0/mlflow/registered-models/create",
}


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "method"), ENDPOINTS)
def test_does_not_know_what_belongs_to_another_project(vision, address, method):
    # Their ids do not exist in the default project, where the call goes.
    make.experiment(vision, "one")
    theirs = make.experiment(vision, "ours")
    run = make.candidate(theirs, metrics={"loss": 1.0}, tags={"k": "1"})
    model = make.logged_model(theirs, tags={"k": "1"})
    version = make.version(make.registered_model(vision, "theirs", tags={"k": "1"}))
    registry.set_alias(version, "best")
    experiment_id = str(theirs.iid)
    ids = {
        "experiment_id": experiment_id,
        "experiment_ids": [experiment_id],
        "run_id": run.eid,
        "run_ids": [run.eid],
        "model_id": model.eid,
    }
    before = world(vision)
    message = ENOUGH | ids
    name = address.partition("/")[2]
    if name == "2.0/mlflow/runs/update":
        message["status"] = "FINISHED"
    if name == "2.0/mlflow/metrics/get-history-bulk":
        message["run_id"] = [run.eid]
    if name == "2.0/mlflow/logged-models":
        message["name"] = "a"

    response = call(method, path(address, model_id=model.eid), **message)

    if name in LISTS:
        assert response.status_code == 200
        assert run.eid not in response.text and "ours" not in response.text
        assert all(items == [] for items in response.json().values()) or (
            name == "2.0/mlflow/experiments/search"
        )
    elif name not in NAME_NOTHING:
        body = response.json()
        assert (response.status_code, body["error_code"]) == GONE, body
    assert world(vision) == before


def world(project):
    """Everything of a project that a call could change."""
    return [
        list(rows.order_by("pk").values())
        for rows in (
            project.experiments,
            project.candidates,
            project.logged_models,
            project.registered_models,
            *(kind.objects.all() for kind in (Tag, Param, Metric, ModelVersion, Alias)),
        )
    ]


def test_declares_what_every_endpoint_needs():
    for address, endpoints in ROUTES.items():
        for endpoint in endpoints.values():
            reads = "GET" in endpoint.methods or address.endswith(
                ("search", "datasets")
            )
            assert endpoint.needs == (Role.READER if reads else Role.WRITER), address
