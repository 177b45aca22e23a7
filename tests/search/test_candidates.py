"""Finding candidates as MLflow's runs/search does, against a plain reading in Python."""

import math
import time

import pytest

from tests import make
from tests.search.asking import find, names, walked
from tracker import lifecycle, tallies
from tracker.errors import Invalid
from tracker.models import Candidate, Dataset, DatasetUse, Experiment
from tracker.search import candidates
from tracker.search.grammar import BadFilter
from tracker.search.paging import View

# ---------------------------------------------------------------- one table of examples


@pytest.fixture
def zoo(experiment):
    make.candidate(
        experiment,
        name="ant",
        user_id="ann",
        started_ms=1000,
        metrics={"acc": 0.9, "a b": 1.0, "val/acc": 0.5},
        params={"lr": "0.1", "a b": "x", "x/y": "it's"},
        tags={"team": "Red", "dotted.key": "yes"},
    )
    make.candidate(
        experiment,
        name="Bee",
        user_id="Bob",
        started_ms=2000,
        metrics={"acc": math.nan},
        params={"lr": "0.10", "n": ""},
        tags={"team": "red_1"},
    )
    cat = make.candidate(
        experiment, name="cat", started_ms=2000, metrics={"acc": math.inf}
    )
    make.candidate(experiment, name="dog", started_ms=3000, metrics={"acc": -math.inf})
    Candidate.objects.filter(pk=cat.pk).update(ended_ms=5000, status="FAILED")
    for name, context in (("mnist", "train"), ("Mnist", "test")):
        dataset = Dataset.objects.create(
            experiment=experiment, name=name, digest=f"d-{name}"
        )
        use = DatasetUse.objects.create(candidate=cat, dataset=dataset)
        use.tags.create(key="mlflow.data.context", value=context)
    return experiment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ant Bee cat dog"),
        ("metrics.acc > 0", "ant cat"),
        ("metrics.acc >= 0.9", "ant cat"),
        ("metrics.acc < 0.9", "dog"),
        ("metrics.acc <= 0.9", "ant dog"),
        ("metric.acc = 0.9", "ant"),
        ("metrics.acc = 9e-1", "ant"),
        ("metrics.acc != 0.9", "Bee cat dog"),
        ("metrics.acc = 0", ""),
        ("metrics.acc != 0", "ant Bee cat dog"),
        ("metrics.acc <= 0", "dog"),
        ("metrics.acc > 1e308", "cat"),
        ("metrics.acc > 1e999", ""),
        ("metrics.acc >= 1e999", "cat"),
        ("metrics.acc < -1e308", "dog"),
        ("metrics.`a b` = 1", "ant"),
        ('metrics."val/acc" = 0.5', "ant"),
        ("metrics.none != 1", ""),
        ("params.lr = '0.1'", "ant"),
        ("param.lr != '0.1'", "Bee"),
        ("parameter.`a b` = 'x'", "ant"),
        ('parameters."x/y" = "it\'s"', "ant"),
        ("params.n = ''", "Bee"),
        ("params.lr LIKE '0.1%'", "ant Bee"),
        ("params.lr LIKE '0.1_'", "Bee"),
        ("params.lr IS NULL", "cat dog"),
        ("params.n IS NOT NULL", "Bee"),
        ("tags.team LIKE 'r%'", "Bee"),
        ("tags.team ilike 'R%'", "ant Bee"),
        ("tags.team = 'red'", ""),
        ("tag.dotted.key = 'yes'", "ant"),
        ("tags.mlflow.runName LIKE '_at'", "cat"),
        ("attributes.status = 'FAILED'", "cat"),
        ("status != 'FAILED'", "ant Bee dog"),
        ("status LIKE 'FAIL%'", "cat"),
        ("run_name = 'bee'", ""),
        ("run_name ILIKE 'bee'", "Bee"),
        ("attr.`Run name` = 'Bee'", "Bee"),
        ("`run name` != 'Bee'", "ant cat dog"),
        ("run.user_id = 'ann'", "ant"),
        ("user_id != 'ann'", "Bee cat dog"),
        ("artifact_uri LIKE 'mlflow-artifacts:/%/artifacts'", "ant Bee cat dog"),
        ("start_time > 1000", "Bee cat dog"),
        ("Created <= 1000", "ant"),
        ("start_time > 1999.5 and start_time < 2000.5", "Bee cat"),
        ("start_time < 99999999999999999999999", "ant Bee cat dog"),
        ("start_time > -99999999999999999999999", "ant Bee cat dog"),
        ("start_time = 1e999", ""),
        ("end_time != 1", "cat"),
        ("end_time > 0", "cat"),
        ("datasets.name = 'mnist'", "cat"),
        ("dataset.name ILIKE 'MN%' AND datasets.context = 'test'", "cat"),
        ("datasets.digest IN ('d-mnist', 'x')", "cat"),
        ("datasets.context NOT IN ('train')", "cat"),
        ("datasets.context NOT IN ('train', 'test')", ""),
        ("metrics.acc > 0 AND params.lr = '0.1' AND tags.team = 'Red'", "ant"),
        ("metrics.acc > 0 AND metrics.acc < 1", "ant"),
    ],
)
def test_finds(zoo, text, expected):
    assert sorted(names(zoo, text)) == sorted(expected.split())


@pytest.mark.parametrize(
    "text",
    [
        "metrics.acc > '0.9'",
        "metrics.acc > 'abc'",
        "metrics.acc = inf",
        "metrics.acc = NaN",
        "metrics.acc = 0x10",
        "metrics.acc = 1_000",
        "metrics.acc = 1e",
        "metrics.acc LIKE 5",
        "metrics.acc LIKE '5'",
        "metrics.acc IN (1)",
        "metrics.acc IS NULL",
        "params.lr > '0.1'",
        "params.lr = 0.1",
        "params.lr = abc",
        "params.lr IN ('0.1')",
        "params.lr ~ '0'",
        "tags.team >= 'a'",
        "tags.team IN ('a')",
        "status IN ('FAILED')",
        "status IS NULL",
        "run_name IN ('a')",
        "run_id > 'a'",
        "run_id IN (1)",
        "run_id IN (a)",
        "start_time LIKE '1'",
        "start_time = '1'",
        "start_time IN (1)",
        "end_time IS NULL",
        "datasets.name IS NULL",
        "datasets.profile = 'x'",
        "datasets.name > 'x'",
        "experiment_id = '1'",
        "lifecycle_stage = 'active'",
        "Status = 'FAILED'",
        "name = 'ant'",
        "Metrics.acc > 1",
        "artifacts.x = '1'",
        "metrics.acc > 0 OR 1=1",
        "metrics.acc > 0 AND nothing = 1",
    ],
)
def test_refuses(zoo, text):
    with pytest.raises(BadFilter):
        find(zoo, text)


def test_finds_run_ids(zoo):
    one, two = Candidate.objects.filter(name__in=["ant", "dog"]).order_by("name")

    assert names(zoo, f"run_id = '{one.eid}'") == ["ant"]
    assert names(zoo, f"attributes.run_id IN ('{one.eid}', '{two.eid}', 'x')") == [
        "dog",
        "ant",
    ]
    assert sorted(names(zoo, f"run_id NOT IN ('{one.eid}')")) == ["Bee", "cat", "dog"]
    assert names(zoo, f"run_id LIKE '{one.eid[:-1]}_'") == ["ant"]


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "dog Bee cat ant"),
        (["start_time"], "ant Bee cat dog"),
        (["Created ASC"], "ant Bee cat dog"),
        (["end_time"], "cat dog Bee ant"),
        (["end_time DESC"], "cat dog Bee ant"),
        (["run_name"], "Bee ant cat dog"),
        (["user_id DESC", "attributes.run_name"], "ant Bee cat dog"),
        (["status", "run_name DESC"], "cat dog ant Bee"),
        (["metrics.acc"], "dog ant cat Bee"),
        (["metrics.acc DESC"], "cat ant dog Bee"),
        (["metrics.acc DESC", "start_time DESC"], "cat ant dog Bee"),
        (["metrics.none", "run_name"], "Bee ant cat dog"),
        (["params.lr"], "ant Bee dog cat"),
        (["params.lr DESC"], "Bee ant dog cat"),
        (["tags.team DESC", "metrics.acc"], "Bee ant dog cat"),
        (["artifact_uri"], None),
    ],
)
def test_orders(zoo, order_by, expected):
    found = names(zoo, order_by=order_by)

    if expected is None:
        assert len(found) == 4
    # Bee and cat started together: the smaller id comes first, whichever that is.
    elif order_by in ([], ["start_time"], ["Created ASC"]):
        tied = sorted(
            Candidate.objects.filter(name__in=["Bee", "cat"]), key=lambda c: c.eid
        )
        assert [name for name in found if name in ("Bee", "cat")] == [
            candidate.name for candidate in tied
        ]
        assert found[0] + found[3] == expected.split()[0] + expected.split()[3]
    else:
        assert found == expected.split()


@pytest.mark.parametrize(
    "order_by",
    [
        ["nothing"],
        ["experiment_id"],
        ["lifecycle_stage"],
        ["run name"],
        ["`Run name`"],
        ["datasets.name"],
        ["metrics.acc ACS"],
        ["metrics.acc; DROP TABLE x"],
        ["(SELECT 1)"],
        ["CASE WHEN 1 THEN 2 END"],
        ["metrics.acc", "metrics.acc DESC"],
        ["metrics.acc", "metric.`acc`"],
        ["start_time", "created"],
        [f"metrics.m{number}" for number in range(21)],
        ["status"] * 2000,
        ["x" * 10_001],
    ],
)
def test_refuses_an_order(zoo, order_by):
    with pytest.raises(Invalid):
        find(zoo, order_by=order_by)


def test_shows_what_the_view_names(zoo):
    Candidate.objects.filter(name="ant").update(deleted_at="2026-01-01T00:00:00Z")

    assert "ant" not in names(zoo)
    assert names(zoo, "metrics.acc > 0", view=View.DELETED_ONLY) == ["ant"]
    assert len(names(zoo, order_by=["metrics.acc"], view=View.ALL)) == 4


def test_finds_in_several_experiments_and_in_none(zoo):
    other = make.experiment(lifecycle.default_project())
    make.candidate(other, name="eel", metrics={"acc": 0.95})
    both = Experiment.objects.filter(pk__in=[zoo.pk, other.pk])

    found = candidates.find(both, text="metrics.acc < 1", order_by=["metrics.acc DESC"])

    assert [row.name for row in found.rows] == ["eel", "ant", "dog"]
    assert names(other, "metrics.acc < 1") == ["eel"]
    assert candidates.find(Experiment.objects.none(), text="metrics.acc < 1").rows == []
    with pytest.raises(BadFilter):
        candidates.find(Experiment.objects.none(), text="nothing")


def test_long_values_that_begin_alike_are_told_apart(experiment):
    make.candidate(experiment, name="a", params={"long": "x" * 200 + "a"})
    make.candidate(experiment, name="b", params={"long": "x" * 200 + "b"})

    assert names(experiment, f"params.long = '{'x' * 200}a'") == ["a"]
    assert names(experiment, order_by=["params.long DESC"]) == ["b", "a"]


@pytest.mark.parametrize("pattern", ["%a" * 2000, "%_" * 2000, "%_a" * 1000 + "b"])
def test_many_wildcards_are_no_trouble(experiment, pattern):
    make.candidate(experiment, name="a", tags={"t": "a" * 8000})
    started = time.perf_counter()

    find(experiment, f"tags.t LIKE '{pattern}'")
    find(experiment, f"tags.t ILIKE '{pattern}'")

    assert time.perf_counter() - started < 1


def test_a_hundred_conditions_and_twenty_orderings_work(zoo):
    text = " AND ".join(f"metrics.m{number} != 1" for number in range(100))
    order_by = [f"params.p{number} DESC" for number in range(20)]

    assert find(zoo, text, order_by=order_by).rows == []
    assert len(find(zoo, order_by=order_by).rows) == 4


# ---------------------------------------------------------------- pages


def test_a_token_serves_its_query_alone_with_any_page_size(zoo):
    query = {"text": "metrics.acc != 7", "order_by": ["metrics.acc"]}
    token = find(zoo, limit=1, **query).next_token

    assert names(zoo, limit=3, token=token, **query) == ["ant", "cat", "Bee"]
    for changed in (
        {**query, "text": "metrics.acc != 8"},
        {**query, "order_by": ["metrics.acc DESC"]},
        {**query, "view": View.ALL},
        {"text": query["text"]},
    ):
        with pytest.raises(Invalid):
            find(zoo, token=token, **changed)
    other = make.experiment(lifecycle.default_project())
    with pytest.raises(Invalid):
        find(other, token=token, **query)


def test_rows_that_come_or_go_between_pages_shift_nothing(zoo):
    token = find(zoo, limit=2, order_by=["run_name"]).next_token
    Candidate.objects.filter(name="Bee").delete()
    make.candidate(zoo, name="Aardvark")

    assert names(zoo, token=token, order_by=["run_name"]) == ["cat", "dog"]


@pytest.mark.parametrize("vast", [False, True])
@pytest.mark.parametrize("few", [0, 2])
def test_agrees_with_itself_however_it_begins(zoo, monkeypatch, few, vast):
    """Walking an order and starting from an index are two ways to the same list."""
    texts = ["metrics.acc > 0", "params.lr = '0.1'", "tags.team = 'Red'"]
    orders = [[], ["metrics.acc"], ["metrics.`a b` DESC"], ["params.lr"]]
    expected = [names(zoo, text, order_by=order) for text in texts for order in orders]
    monkeypatch.setattr(candidates, "FEW", few)
    monkeypatch.setattr(tallies, "MANY", 1)
    if vast:
        tallies.count(zoo)

    found = [
        [row.name for row in walked(zoo, text, order_by=order, limit=1)]
        for text in texts
        for order in orders
    ]

    assert found == expected


# ---------------------------------------------------------------- cost


def test_costs_two_queries_and_one_more_where_an_index_can_narrow(
    zoo, django_assert_num_queries
):
    with django_assert_num_queries(2):  # experiments, candidates
        find(zoo, limit=2)
    with django_assert_num_queries(3):  # and the candidates that have this value
        find(zoo, "params.lr = '0.1'")
    with django_assert_num_queries(2):  # a full page of numbers
        find(zoo, limit=2, order_by=["metrics.acc DESC"])
    with django_assert_num_queries(4):  # numbers, NaN, missing
        find(zoo, order_by=["metrics.acc DESC"])
