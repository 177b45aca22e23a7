"""Finding logged models."""

import pytest

from tests import make
from tracker import lifecycle
from tracker.errors import Invalid
from tracker.models import Experiment, LoggedModel, LoggedModelMetric
from tracker.search import logged_models
from tracker.search.logged_models import DatasetFilter, OrderBy

NAN = float("nan")


def logged(experiment, name, *, points=(), params=None, tags=None, created=0, **fields):
    model = LoggedModel.objects.create(
        project=experiment.project,
        experiment=experiment,
        name=name,
        artifact_uri=f"mlflow-artifacts:/{name}",
        created_ms=created,
        updated_ms=created,
        **fields,
    )
    for key, value in (params or {}).items():
        model.params.create(key=key, value=value)
    for key, value in (tags or {}).items():
        model.tags.create(key=key, value=value)
    for key, value, step, dataset in points:
        name, _, digest = dataset.partition("/")
        LoggedModelMetric.objects.create(
            model=model,
            key=key,
            value=0.0 if value != value else value,
            is_nan=value != value,
            step=step,
            timestamp=0,
            run_id="r",
            dataset_name=name,
            dataset_digest=digest,
        )
    return model


@pytest.fixture
def zoo(experiment):
    logged(
        experiment,
        "a",
        created=1,
        points=[("acc", 0.9, 0, "train/1"), ("acc", 0.5, 1, "test/1")],
        params={"depth": "3", "kind": "tree"},
        model_type="boost",
        source_run_id="r1",
        status="READY",
    )
    logged(
        experiment,
        "b",
        created=2,
        points=[("acc", 0.7, 0, "test/2"), ("loss", NAN, 0, "")],
        tags={"team": "Red"},
    )
    logged(experiment, "c", created=2, points=[("acc", NAN, 5, "test/1")])
    logged(experiment, "D", created=0)
    logged(experiment, "gone", deleted_at="2026-01-01T00:00:00Z")
    return experiment


def names(experiment, text="", **options):
    page = logged_models.find(
        Experiment.objects.filter(pk=experiment.pk), text=text, **options
    )
    return [row.name for row in page.rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "bcaD"),
        ("name = 'a'", "a"),
        ('name = "a"', "a"),
        ("attributes.name IN ('a', 'b', 'gone')", "ba"),
        ("name NOT IN ('a')", "bcD"),
        ("name LIKE 'd'", ""),
        ("name ILIKE 'd'", "D"),
        ("model_type = ''", "bcD"),
        ("status = 'READY'", "a"),
        ("status != 'READY'", "bcD"),
        ("status IN ('READY', 'PENDING')", "bcaD"),
        ("source_run_id = 'r1'", "a"),
        ("model_id LIKE 'm-%'", "bcaD"),
        ("artifact_location LIKE '%/a'", "a"),
        ("experiment_id = '1'", "bcaD"),
        ("experiment_id = '99'", ""),
        ("creation_timestamp > 1", "bc"),
        ("creation_time >= 1.5", "bc"),
        ("last_updated_timestamp_ms < 1", "D"),
        ("metrics.acc > 0.6", "b"),
        ("metrics.acc = 0.5", "a"),
        ("metrics.acc != 0.5", "bc"),
        ("metrics.loss != 1", "b"),
        ("params.depth = 3", "a"),
        ("params.depth = '3' AND params.kind IN ('tree', 'x')", "a"),
        ("params.depth != '4'", "a"),
        ("tags.team ILIKE 'r%'", "b"),
        ("tags.team NOT IN ('x')", "b"),
    ],
)
def test_finds(zoo, text, expected):
    assert "".join(names(zoo, text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "metric.acc > 1",
        "param.depth = '3'",
        "tag.team = 'x'",
        "attribute.name = 'x'",
        "tags.team IS NULL",
        "status = 'LOGGED_MODEL_READY'",
        "status LIKE 'R%'",
        "nothing = 'x'",
        "metrics.acc = '1'",
        "metrics.acc LIKE '1'",
        "name = a",
        "datasets.name = 'x'",
        "name = 'a' OR name = 'b'",
    ],
)
def test_refuses(zoo, text):
    with pytest.raises(Invalid):
        names(zoo, text)


@pytest.mark.parametrize(
    ("datasets", "text", "expected"),
    [
        ([("train",)], "", "a"),
        ([("test",)], "", "bca"),
        ([("test", "1")], "", "ca"),
        ([("train",), ("test", "2")], "", "ba"),
        ([("nothing",)], "", ""),
        ([("train",)], "metrics.acc > 0.6", "a"),
        ([("test",)], "metrics.acc > 0.6", "b"),
        ([("train",), ("test", "2")], "metrics.acc > 0.6", "ba"),
    ],
)
def test_asks_the_points_of_some_datasets(zoo, datasets, text, expected):
    datasets = [DatasetFilter(*dataset) for dataset in datasets]

    assert "".join(names(zoo, text, datasets=datasets)) == expected


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([OrderBy("name")], "Dabc"),
        ([OrderBy("name", ascending=False)], "cbaD"),
        ([OrderBy("creation_timestamp")], "Dabc"),
        ([OrderBy("status"), OrderBy("creation_time")], "Dbca"),
        ([OrderBy("metrics.acc")], "abcD"),
        ([OrderBy("metrics.acc", ascending=False)], "bacD"),
        ([OrderBy("metrics.acc", False, "train")], "abcD"),
        ([OrderBy("metrics.acc", True, "test", "1")], "acbD"),
        ([OrderBy("metrics.none"), OrderBy("name")], "Dabc"),
    ],
)
def test_orders(zoo, order_by, expected):
    found, token = "", ""
    while token is not None:
        page = logged_models.find(
            Experiment.objects.all(), order_by=order_by, limit=1, token=token
        )
        found += "".join(row.name for row in page.rows)
        token = page.next_token

    assert found == "".join(names(zoo, order_by=order_by)) == expected


@pytest.mark.parametrize(
    "order_by",
    [
        [OrderBy("params.depth")],
        [OrderBy("nothing")],
        [OrderBy("metrics.")],
        [OrderBy("name"), OrderBy("name", ascending=False)],
        [OrderBy("metrics.acc"), OrderBy("metrics.acc")],
        [OrderBy(f"metrics.m{number}") for number in range(21)],
    ],
)
def test_refuses_an_order(zoo, order_by):
    with pytest.raises(Invalid):
        names(zoo, order_by=order_by)


def test_a_token_is_bound_to_its_datasets(zoo):
    one, other = [DatasetFilter("test")], [DatasetFilter("train")]
    everywhere = Experiment.objects.all()
    page = logged_models.find(everywhere, datasets=one, limit=1)

    with pytest.raises(Invalid):
        logged_models.find(everywhere, datasets=other, limit=1, token=page.next_token)


def test_stays_in_its_experiments(zoo):
    other = make.experiment(lifecycle.default_project())

    assert names(other) == []
