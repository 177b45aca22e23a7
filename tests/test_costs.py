"""What an answer costs does not depend on how much there is: pages and endpoints, all of them.

A walk over the table of routes with a small database and again with a larger one; each
answer has to take as many queries as before. What shows a list holds more rows in the
second walk, so whoever asks once for each of them is found here without a test of its own.
"""

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import make
from tracker import lifecycle, registry, routes, tokens
from tracker.models import Role
from tracker.recording import Point

SMALL, LARGE = 3, 11
ROUTES = [route for route in routes.routes() if route.is_ours]


class World:
    """The project *vision*, which can grow in everything that lists show."""

    def __init__(self, project, owner):
        self.project, self.owner = project, owner
        self.experiment = make.experiment(project, "sweep")
        self.trashed = make.experiment(project, "with a trash")
        self.model = make.registered_model(project, "detector")
        self.size = 0

    def grow(self, size):
        for number in range(self.size, size):
            self.add(number)
        self.size = size

    def add(self, number):
        key = f"key{number}"
        run = make.candidate(
            self.experiment,
            metrics={"loss": 0.5 + number},
            params={"lr": str(number), "depth": "3"},
            tags={"team": "red", "mlflow.user": "ann"},
            points=[Point("loss", 1.0 / step, step, step) for step in range(1, 6)],
        )
        make.experiment(self.project, f"experiment {key}", tags={"kind": key})
        deleted = make.candidate(self.trashed, metrics={"loss": 1.0})
        lifecycle.delete_candidate(deleted)
        make.logged_model(self.experiment, name=key, source_run_id=run.eid)
        make.registered_model(self.project, key, tags={"kind": key})
        version = make.version(self.model, run_id=run.eid, tags={"kind": key})
        registry.set_alias(version, key)
        make.member(self.project, key, Role.WRITER)
        tokens.issue(self.owner, name=key)
        tokens.issue_for_project(self.project, name=key)

    @property
    def runs(self):
        return list(self.experiment.candidates.order_by("iid"))


@pytest.fixture
def world(vision, owner):
    world = World(vision, owner)
    world.grow(SMALL)
    return world


def costs(client, asked):
    """Queries of each answer that is one: asked once before, so that all is remembered."""
    found = {}
    for name, ask in asked.items():
        if ask(client).status_code == 200:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                ask(client)
            found[name] = len(queries)
    return found


def more(before, after):
    return {
        name: (before[name], after[name])
        for name in before
        if before[name] != after[name]
    }


# ---------------------------------------------------------------- pages


def pages(world):
    run, other = world.runs[:2]
    filling = {
        "slug": world.project.slug,
        "pk": 1,
        "number": 1,
        "name": world.model.name,
        "eid": run.eid,
    }

    def of(route):
        filled = filling | {
            "iid": run.iid if "/c/" in route.address else world.experiment.iid
        }
        return "/" + re.sub(
            r"<(?:\w+:)?(\w+)>",
            lambda match: str(filled.get(match[1], "x")),
            route.address,
        )

    addresses = {
        route.name or route.address: of(route)
        for route in ROUTES
        if not route.is_endpoint and "GET" in (route.needs or {})
    }
    compared = f"?c={run.iid},{other.iid}&m=loss"
    for name in [name for name in addresses if name.startswith("compare")]:
        addresses[f"{name} of two"] = addresses[name] + compared
    for tab in ("params", "metrics", "artifacts", "code", "system"):
        addresses[f"candidate: {tab}"] = addresses["candidate"] + f"?tab={tab}"
    return {
        name: lambda client, address=address: client.get(address)
        for name, address in addresses.items()
    }


def test_pages_cost_the_same_for_a_few_or_many(world, owner, client):
    client.force_login(owner)
    small = costs(client, pages(world))

    world.grow(LARGE)
    large = costs(client, pages(world))

    assert len(small) >= 50
    assert more(small, large) == {}


# ---------------------------------------------------------------- endpoints


def endpoints(world):
    """Every endpoint that reads, with a message that finds something."""
    run, other = world.runs[:2]
    experiment = str(world.experiment.iid)
    model = world.model.name
    [logged, *_] = world.experiment.logged_models.order_by("pk")
    version = {"name": model, "version": "1"}
    bodies = {
        "experiments/get": {"experiment_id": experiment},
        "experiments/get-by-name": {"experiment_name": "sweep"},
        "experiments/search": {"max_results": 100},
        "experiments/search-datasets": {"experiment_ids": [experiment]},
        "runs/get": {"run_id": run.eid},
        "runs/search": {
            "experiment_ids": [experiment],
            "filter": "metrics.loss > 0 and params.depth = '3' and tags.team LIKE 'r%'",
            "order_by": ["metrics.loss DESC"],
        },
        "metrics/get-history": {"run_id": run.eid, "metric_key": "loss"},
        "metrics/get-history-bulk": {
            "run_id": [run.eid, other.eid],
            "metric_key": "loss",
        },
        "metrics/get-history-bulk-interval": {
            "run_ids": [run.eid, other.eid],
            "metric_key": "loss",
            "max_results": 10,
        },
        "logged-models/search": {"experiment_ids": [experiment]},
        f"logged-models/{logged.eid}": {},
        "registered-models/get": {"name": model},
        "registered-models/search": {},
        "registered-models/get-latest-versions": {"name": model},
        "registered-models/alias": {"name": model, "alias": "key0"},
        "model-versions/get": version,
        "model-versions/get-download-uri": version,
        "model-versions/search": {"filter": f"name='{model}'"},
    }
    posted = {"runs/search", "logged-models/search", "experiments/search-datasets"}

    def ask(name, body):
        prefix = "/p/vision/ajax-api/2.0/mlflow/"
        if name in posted:
            return lambda client: client.post(
                prefix + name, json.dumps(body), "application/json"
            )
        return lambda client: client.get(prefix + name, body)

    return {name: ask(name, body) for name, body in bodies.items()}


def test_endpoints_cost_the_same_for_a_few_or_many(world):
    asked = endpoints(world)
    small = costs(Client(), asked)

    world.grow(LARGE)
    large = costs(Client(), asked)

    assert sorted(small) == sorted(asked)
    assert more(small, large) == {}


def test_knows_every_endpoint_that_reads(world):
    """A new one has to be added above, or it does not read lists."""
    known = {name.split("/m-")[0] for name in endpoints(world)}
    elsewhere = {"artifacts/list"}  # its tests count too
    reading = {
        re.sub(r"^.*/mlflow/", "", route.address).split("/<")[0]
        for route in ROUTES
        if route.is_endpoint
        and "/2.0/mlflow/" in route.address
        and ("GET" in (route.needs or {}) or "search" in route.address)
    }

    reading = {name for name in reading if "presigned" not in name}
    assert reading - known == elsewhere
