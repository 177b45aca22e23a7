"""Pages come from indexes: what the database does for one does not grow with an experiment."""

import re

import pytest
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.test.utils import CaptureQueriesContext

from dashboard.compare.explaining import Change, counted
from dashboard.table import extremes
from dashboard.table.columns import Column
from tests import make
from tests.search.population import metric
from tracker import catalogue, lifecycle
from tracker.models import Candidate, Experiment, Kind, Metric, Param, Tag
from tracker.search import candidates, table
from tracker.search.table import SortKey

CANDIDATES = 2000

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker):
    """Enough rows for the planner to see that indexes pay."""
    with django_db_blocker.unblock(), transaction.atomic():
        experiment = make.experiment(lifecycle.default_project())
        made = Candidate.objects.bulk_create(
            Candidate(
                project_id=experiment.project_id,
                experiment=experiment,
                iid=number + 1,
                name=f"c{number}",
                started_ms=number,
            )
            for number in range(CANDIDATES)
        )
        Metric.objects.bulk_create(metric(row, "m", row.iid // 3) for row in made)
        Param.objects.bulk_create(
            Param(candidate=row, experiment=experiment, key="p", value=f"v{row.iid}")
            for row in made
        )
        Param.objects.bulk_create(
            Param(
                candidate=row,
                experiment=experiment,
                key="n",
                value=f"{row.iid}.0",
                number=row.iid,
            )
            for row in made
        )
        Tag.objects.bulk_create(
            Tag(candidate=row, experiment=experiment, key="t", value=f"v{row.iid}")
            for row in made
        )
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        yield experiment
        transaction.set_rollback(True)


def find(experiment, **options):
    return candidates.find(Experiment.objects.filter(pk=experiment.pk), **options)


def plans(call):
    """How the database runs each query about candidates."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        call()
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    found = []
    for query in queries.captured_queries:
        if "tracker_experiment" in query["sql"].partition("WHERE")[0]:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"{explain} {query['sql']}")
            found.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return found


# To sort the few that are equal in the index's first columns is no waste.
WASTE = re.compile(r"SCAN |TEMP B-TREE|Seq Scan|Bitmap|(?<!Incremental )Sort  ")


def assert_served(plan, index):
    """By this index: no row is read in vain, and no crowd is sorted."""
    assert index in plan, plan
    assert not WASTE.search(plan), plan


@pytest.mark.parametrize(
    ("index", "query"),
    [
        ("candidate_newest", {}),
        ("metric_latest", {"order_by": ["metrics.m"]}),
        ("metric_highest", {"order_by": ["metrics.m DESC"]}),
        ("metric_latest", {"order_by": ["metrics.m"], "text": "metrics.m > 300"}),
        ("metric_highest", {"order_by": ["metrics.m DESC"], "text": "metrics.m < 300"}),
        ("candidate_newest", {"text": "tags.t LIKE '%x%'"}),
        ("metric_latest", {"order_by": ["metrics.m"], "text": "tags.t LIKE '%x%'"}),
    ],
)
def test_a_page_is_read_from_an_index(crowd, index, query):
    [plan] = plans(lambda: find(crowd, limit=50, **query))[:1]

    assert_served(plan, index)


@pytest.mark.parametrize(
    ("index", "order_by"),
    [
        ("candidate_newest", []),
        ("metric_latest", ["metrics.m"]),
        ("metric_highest", ["metrics.m DESC"]),
    ],
)
def test_so_is_a_page_far_down(crowd, index, order_by):
    token = find(crowd, limit=1000, order_by=order_by).next_token

    [plan] = plans(lambda: find(crowd, limit=50, order_by=order_by, token=token))

    assert_served(plan, index)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ("param_value", "params.p = 'v7'"),
        ("param_number", "params.n = '7.0'"),
        ("metric_", "metrics.m > 663"),
        ("metric_", "metrics.m = 5"),
    ],
)
def test_a_condition_that_few_meet_is_where_it_begins(crowd, index, text):
    narrowing, page = plans(lambda: find(crowd, limit=50, text=text))

    assert index in narrowing and "Seq Scan" not in narrowing, narrowing
    assert "candidate_newest" not in page, page
    for waste in (
        "SCAN tracker",
        "Seq Scan on tracker_param",
        "Seq Scan on tracker_metric",
    ):
        assert waste not in page, page


@pytest.mark.parametrize(
    ("index", "sort"),
    [
        ("candidate_newest", []),
        ("metric_", [SortKey("m", "m")]),
        ("metric_", [SortKey("m", "m", descending=True)]),
    ],
)
def test_so_is_the_way_back(crowd, index, sort):
    token = table.page(crowd, sort=sort, limit=1000).next_token
    back = table.page(crowd, sort=sort, limit=500, token=token).previous_token

    [plan] = plans(lambda: table.page(crowd, sort=sort, limit=50, token=back))

    assert_served(plan, index)


def test_children_are_found_by_their_parent(crowd):
    one = Candidate.objects.filter(experiment=crowd).first()
    children = Candidate.objects.alive().children_of(OuterRef("eid"))
    rows = Candidate.objects.filter(pk=one.pk).filter(Exists(children))

    [plan] = plans(lambda: list(rows))

    assert "candidate_parent" in plan, plan


@pytest.mark.parametrize(
    ("index", "key", "text", "many"),
    [("param_value", "p", "v7", 1), ("param_number", "n", "7.0", 1)],
)
def test_so_are_those_that_have_a_changed_value(crowd, index, key, text, many):
    one = Candidate.objects.filter(experiment=crowd).first()
    found = []

    [plan] = plans(lambda: found.extend(counted(one, [Change(key, "before", text)])))

    assert index in plan, plan
    assert found[0].note == "1 candidate has this value"


def test_params_are_counted_along_the_index_of_either(crowd):
    found = {}

    of_texts, of_numbers = plans(lambda: found.update(catalogue.of_params(crowd)))

    if connection.vendor == "sqlite":  # PostgreSQL sees that all of the table is wanted
        assert "param_value" in of_texts and "param_number" in of_numbers
    assert found[Kind.PARAM, "p"] == (CANDIDATES, catalogue.MAX_DISTINCT, False, False)
    assert found[Kind.PARAM, "n"] == (CANDIDATES, catalogue.MAX_DISTINCT, True, False)


def test_so_are_the_ends_of_the_strip(crowd):
    column = Column(Kind.METRIC, "m", "last")

    [plan] = plans(lambda: extremes.of_many(crowd, None, [], column, CANDIDATES))

    assert re.search("metric_(latest|highest)", plan), plan
    assert not re.search(r"TEMP B-TREE|(?<!Incremental )Sort  ", plan), plan
