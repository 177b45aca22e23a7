"""Messages made up from each endpoint's own shape, and twisted: nothing may answer 5xx.

The shapes come from the route table, so that a new endpoint is fuzzed from its first day.
"""

import json
import math
import string
from urllib.parse import quote

import msgspec
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from artifacts import urls as artifact_urls
from tests import make
from tests.api.test_every_endpoint import path
from tests.api.words import refused
from tracker.api import urls
from tracker.api.endpoint import EndpointView

EXAMPLES = 20

# ---------------------------------------------------------------- odd values

ODD_TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet=string.printable, max_size=40),
    st.sampled_from(
        [
            *(
                "",
                " ",
                ".",
                "..",
                "../x",
                "/x",
                "a//b",
                "a/",
                "a\x00b",
                "\ud800",
                "\x1b[",
            ),
            *(
                "'",
                '"',
                "`",
                "%",
                "_",
                "\\",
                "$[0]",
                "{}",
                "<script>",
                "％00",
                "ﬃ",
                "İ",
            ),
            *("0", "-1", "1e999", "NaN", "Infinity", "9" * 30, "１", "true", "null"),
            *("x" * 251, "x" * 9000, "é" * 8001, "m-" + "0" * 32, "0" * 32),
        ]
    ),
)
ODD_NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from(
        [
            *(0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**400),
            *(0.5, 5.0, -0.0, 1e308, 5e-324, math.nan, math.inf, -math.inf),
        ]
    ),
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), ODD_NUMBERS, ODD_TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(ODD_TEXTS, inner, max_size=3)
    ),
    max_leaves=5,
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            *(b"", b"null", b"[]", b"{", b'"{}"', b'"[]"', b"NaN", b"\xff", b"{}" * 2),
            *(b"[" * 100_000, b'{"a":' * 100_000, b'{"run_id":' + b"[" * 5000),
        ]
    ),
)

# ---------------------------------------------------------------- searches

IDENTIFIERS = st.one_of(
    st.sampled_from(
        "name run_id run_name status start_time end_time metrics.loss params.lr tags.k"
        ' datasets.name attributes.name metrics.`a b` tags."k" version_number source_path'
        " creation_time creation_timestamp last_updated_timestamp experiment_id model_id"
        " metric.loss tag.mlflow.prompt.is_prompt a.b.c metrics. .x `".split(" ")
    ),
    ODD_TEXTS,
)
OPERATORS = st.sampled_from(
    "= != > >= < <= LIKE ILIKE IN NOT_IN IS_NULL IS_NOT_NULL == <> ~ BETWEEN".split()
)
VALUES = st.one_of(
    st.sampled_from(
        ["'x'", '"x"', "1", "-1.5e3", "('a','b')", "()", "('a',)", "1e999", "'", "NULL"]
    ),
    ODD_NUMBERS.map(str),
    ODD_TEXTS.map(lambda text: f"'{text}'"),
)
COMPARISONS = st.tuples(IDENTIFIERS, OPERATORS, VALUES).map(
    lambda parts: " ".join(parts).replace("_IN", " IN").replace("_N", " N")
)
FILTERS = st.one_of(
    st.lists(COMPARISONS, max_size=3).map(" AND ".join),
    st.lists(COMPARISONS, max_size=3).map(" OR ".join),
    ODD_TEXTS,
)
ORDERS = st.tuples(IDENTIFIERS, st.sampled_from(["", " ASC", " DESC", " desc", " x"]))
ORDERS = ORDERS.map("".join)

SOURCES = st.one_of(
    st.sampled_from(
        [
            *("s3://b/x", "runs:/r/m", "models:/churn/1", "models:/churn@champion"),
            *(
                "models:/churn/latest",
                "models:/m-1",
                "models:/",
                "runs:",
                "file:///etc",
            ),
            *(
                "mlflow-artifacts:/1/x/artifacts",
                "s3://[",
                "mlflow-artifacts://[",
                "s3://b/%",
                "http://[::1",
            ),
        ]
    ),
    ODD_TEXTS,
)
KNOWN = {
    "filter": FILTERS,
    "order_by": ORDERS,
    "field_name": IDENTIFIERS,
    "source": SOURCES,
    "artifact_location": SOURCES,
    "path": ODD_TEXTS,
    "stage": st.sampled_from(["None", "staging", "Production", "x"]),
    "stages": st.sampled_from(["None", "staging", "Production", "x"]),
    "alias": st.sampled_from(["champion", "latest", "v1", "1.0.0", "a b"]),
    "version": st.sampled_from(["1", "2", "0", "x", "9" * 30]),
    "name": st.sampled_from(["churn", "clf", "nobody"]),
}

# ---------------------------------------------------------------- shapes


def values(field, kind, world):
    """Values for a field: fitting ones most of the time, since others are soon refused."""
    return st.one_of(*[fitting(field, kind, world)] * 6, st.none(), ANYTHING)


def fitting(field, kind, world):
    if isinstance(kind, inspect.UnionType):
        return st.one_of(*(fitting(field, one, world) for one in kind.types))
    if isinstance(kind, inspect.StructType):
        return messages(kind, world)
    if isinstance(kind, inspect.ListType):
        return st.lists(values(field, kind.item_type, world), max_size=3)
    if isinstance(kind, inspect.BoolType):
        return st.booleans()
    if isinstance(kind, inspect.IntType):
        low = kind.ge if kind.ge is not None else -(2**63)
        high = min(kind.le if kind.le is not None else 2**63 - 1, 2**63 - 1)
        exact = st.integers(low, high)
        return st.one_of(exact, exact.map(str), st.integers(0, 5))
    if isinstance(kind, inspect.FloatType):
        return st.one_of(st.floats(), st.sampled_from(["NaN", "Infinity", "-1e5"]))
    if isinstance(kind, inspect.StrType):
        known = KNOWN.get(field, ODD_TEXTS)
        ours = world.get(field.removesuffix("s")) or world.get(field)
        return st.one_of(st.just(ours), st.just(ours), known) if ours else known
    if names := getattr(kind, "cls", None):
        return st.one_of(st.sampled_from([*names]).map(str), st.integers(-1, 6))
    return ANYTHING


def messages(kind, world):
    required = {
        field.encode_name: values(field.encode_name, field.type, world)
        for field in kind.fields
    }
    # Each field is there, or is not; and something that nobody asked for may be.
    extra = st.dictionaries(
        st.sampled_from(["runId", "bogus", ""]), ANYTHING, max_size=1
    )
    whole = st.fixed_dictionaries({}, optional=required)
    full = st.fixed_dictionaries(required)
    return st.one_of(
        full, full, st.tuples(whole, extra).map(lambda two: two[0] | two[1])
    )


def endpoints():
    for pattern in [*urls.urlpatterns, *artifact_urls.urlpatterns]:
        view, address = pattern.callback, str(pattern.pattern)
        if getattr(view, "cls", None) is EndpointView:
            twin = address.replace("ajax-api/", "api/", 1)
            if address[:5] != "ajax-" or twin not in SEEN:
                SEEN.add(address)
                for method, endpoint in view.initkwargs["endpoints"].items():
                    yield pytest.param(
                        address, method, endpoint, id=f"{method} {address}"
                    )


SEEN: set[str] = set()
ENDPOINTS = list(endpoints())


@pytest.fixture
def world(experiment):
    """Something of everything, for messages to name."""
    return make.something_of_each(experiment)


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "method", "endpoint"), ENDPOINTS)
def test_never_fails(world, address, method, endpoint):
    client = Client(raise_request_exception=False)
    shape = endpoint.message and inspect.type_info(endpoint.message)
    bodies = messages(shape, world) if shape else st.just({})
    filling = st.fixed_dictionaries(
        {
            "model_id": st.one_of(st.just(world["model_id"]), ODD_TEXTS),
            "tag_key": ODD_TEXTS,
            "path": st.one_of(
                ODD_TEXTS, ODD_TEXTS.map(lambda p: f"1/{world['run_id']}/artifacts/{p}")
            ),
        }
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(filling, bodies, st.one_of(st.none(), st.none(), st.none(), BODIES))
    def run(filled, message, body):
        filled = {name: quote(text, errors="replace") for name, text in filled.items()}
        where = path(address, **{n: text or "x" for n, text in filled.items()})
        if method == "GET" and body is None:
            response = client.get(where, query(message))
        else:
            content = json.dumps(message) if body is None else body
            kind = "application/json"
            response = client.generic(method, where, content, kind)

        if response.status_code != 501:
            assert response.status_code < 500, (where, message, body)
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/json"
            refused((response.status_code, response.json()))
        elif response["Content-Type"] == "application/json" and response.content:
            msgspec.json.decode(response.content)  # stricter than Python's: no NaN

    run()


def query(message):
    """A message as a query: lists become repeated names, whatever else becomes text."""
    return {
        name: [text(one) for one in value] if isinstance(value, list) else text(value)
        for name, value in message.items()
        if value is not None
    }


def text(value):
    said = value if isinstance(value, str) else json.dumps(value)
    return said.encode(errors="replace").decode()
