"""The description of the API: complete, valid, and a source of calls that may not fail."""

import json
import os

import pytest
import schemathesis
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode

from tests import make
from tests.api.words import refused
from tracker import openapi, routes
from tracker.wsgi import application

ADDRESS = "/api/openapi.json"
DOCUMENT = openapi.described()


def test_is_valid():
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_describes_every_endpoint_and_nothing_else():
    described = {
        (path, method.upper()): operation["security"]
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    }

    declared = {
        (openapi.path(route.address), method): needed
        for route in routes.routes()
        if route.is_endpoint and not route.address.startswith(("p/", "api/v4/"))
        for method, needed in route.needs.items()
    }
    twins = {
        (path, method)
        for path, method in declared
        if (path.replace("/ajax-api/", "/api/"), method) in declared
        and path.startswith("/ajax-api/")
    }
    words = {("/health", "GET"), ("/version", "GET")}
    assert described.keys() == (declared.keys() - twins) | words
    for called, security in described.items():
        role = None if called in words else [declared[called].label]
        assert security == ([{"token": role}, {"password": role}] if role else [])


def test_names_each_operation_once():
    names = [
        operation["operationId"]
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
    ]

    assert len(names) == len(set(names))


def test_is_shown_to_anybody_and_asked_for_again_only_when_it_changed(
    client, db, django_assert_num_queries
):
    with django_assert_num_queries(0):
        answer = client.get(ADDRESS)
        again = client.get(ADDRESS, headers={"If-None-Match": answer["ETag"]})

    assert answer.json() == json.loads(json.dumps(DOCUMENT))
    assert answer["Content-Type"] == "application/json"
    assert (again.status_code, again.content) == (304, b"")
    assert client.post(ADDRESS).status_code == 405


def test_is_printed_by_a_command(capsys):
    call_command("openapi")

    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(DOCUMENT))


# ---------------------------------------------------------------- calls made from it

# How many calls are drawn for an operation, and of those that are listed for the edges of
# its fields, each how many-th is made. For a long look: OPENAPI_DRAWN=500 OPENAPI_EDGE=1.
DRAWN = int(os.environ.get("OPENAPI_DRAWN", 4))
EDGE = int(os.environ.get("OPENAPI_EDGE", 2))

schema = schemathesis.openapi.from_dict(
    DOCUMENT, config=schemathesis.Config.from_dict({})
)
schema.app = application
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
def world(experiment):
    """Something of everything, for calls to name."""
    return make.something_of_each(experiment) | {"name": "churn", "version": "1"}


def told(case, world):
    """The case, naming what is there: an id that nothing has is soon refused."""
    for part in (case.body, case.query, case.path_parameters):
        if isinstance(part, dict):
            for name in part.keys() & world.keys():
                if isinstance(part[name], str):
                    part[name] = world[name]
    return case


def check(case):
    answer = case.call()
    documented = case.operation.definition.raw["responses"]
    sent = f"{case.as_curl_command()} {answer.content[:300]}"
    assert answer.status_code < 500 or str(answer.status_code) in documented, sent
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        refused((answer.status_code, answer.json()))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_never_fails(world, kept_connection, operation):
    """Nor does it answer an error in other words than those of the API."""
    edges = schema.iter_coverage_cases(
        operation,
        generation_modes=list(GenerationMode),
        generation_config=schema.config.generation,
    )
    for number, case in enumerate(edges):
        if number % EDGE == 0:
            check(case)

    fitting = operation.as_strategy().map(lambda case: told(case, world))

    @settings(
        max_examples=DRAWN,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(fitting, operation.as_strategy(GenerationMode.NEGATIVE)))
    def draw(case):
        check(case)

    draw()
