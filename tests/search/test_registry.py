"""Finding registered models and their versions."""

import pytest

from tracker.models import ModelVersion, RegisteredModel
from tracker.search import registry
from tracker.search.grammar import BadFilter

PROMPT = "mlflow.prompt.is_prompt"
CLIENT_ADDS = f"tag.`{PROMPT}` != 'true'"


@pytest.fixture
def project(vision):
    for number, name in enumerate(["churn", "Fraud", "ask"]):
        model = RegisteredModel.objects.create(
            project=vision, name=name, created_ms=number, updated_ms=100 - number
        )
        for version in (1, 2):
            made = ModelVersion.objects.create(
                model=model,
                version=version,
                source=f"models:/m-{name}",
                run_id=f"run{version}",
                created_ms=number,
                updated_ms=50 + version,
            )
            if name == "ask":
                made.tags.create(key=PROMPT, value="true")
        if name == "ask":
            model.tags.create(key=PROMPT, value="true")
        if name == "churn":
            model.tags.create(key="team", value="Red")
            made.tags.create(key="stage", value="gold")
    return vision


def names(project, text="", **options):
    return [row.name for row in registry.find(project, text=text, **options).rows]


def versions(project, text="", **options):
    page = registry.find_versions(project, text=text, **options)
    return [f"{row.model.name} {row.version}" for row in page.rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["Fraud", "churn"]),
        (CLIENT_ADDS, ["Fraud", "churn"]),
        (f"name LIKE '%a%' AND {CLIENT_ADDS}", ["Fraud"]),
        (f"tags.`{PROMPT}` = 'true'", ["ask"]),
        (f"tags.`{PROMPT}` = 'true' AND {CLIENT_ADDS}", []),
        (f"tags.`{PROMPT}` = 'false'", []),
        ("name ILIKE 'f%'", ["Fraud"]),
        ("name IN ('churn', 'ask')", ["churn"]),
        ("attribute.name NOT IN ('churn')", ["Fraud"]),
        ("tags.team = 'Red'", ["churn"]),
        ("tags.team != 'Red'", []),
        ("tag.team ILIKE 'red'", ["churn"]),
    ],
)
def test_finds_models(project, text, expected):
    assert names(project, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "attributes.name = 'x'",
        "tags.team IS NULL",
        "timestamp > 1",
        "creation_timestamp > 1",
        "name = churn",
        "name > 'a'",
        "params.a = 'x'",
        "name = 'a' OR name = 'b'",
    ],
)
def test_refuses_for_models(project, text):
    with pytest.raises(BadFilter):
        registry.find(project, text=text)


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], ["Fraud", "churn"]),
        (["name DESC"], ["churn", "Fraud"]),
        (["timestamp"], ["Fraud", "churn"]),
        (["last_updated_timestamp DESC"], ["churn", "Fraud"]),
    ],
)
def test_orders_models(project, order_by, expected):
    assert names(project, order_by=order_by) == expected


@pytest.mark.parametrize(
    "order_by",
    [["creation_timestamp"], ["timestamp", "last_updated_timestamp"], ["tags.team"]],
)
def test_refuses_an_order_of_models(project, order_by):
    with pytest.raises(BadFilter):
        registry.find(project, order_by=order_by)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["Fraud 2", "churn 2", "Fraud 1", "churn 1"]),
        ("name = 'churn'", ["churn 2", "churn 1"]),
        ("name = 'ask'", []),
        (f"name = 'ask' AND tags.`{PROMPT}` = 'true'", ["ask 2", "ask 1"]),
        ("run_id IN ('run1')", ["Fraud 1", "churn 1"]),
        ("run_id LIKE 'run_' AND name = 'churn'", ["churn 2", "churn 1"]),
        ("source_path = 'models:/m-Fraud'", ["Fraud 2", "Fraud 1"]),
        ("version_number > 1", ["Fraud 2", "churn 2"]),
        ("version_number < 1.5", ["Fraud 1", "churn 1"]),
        ("version_number != 100000000000000000", None),
        ("version_number = 99999999999999999999999", []),
        ("tags.stage = 'gold'", ["churn 2"]),
    ],
)
def test_finds_versions(project, text, expected):
    assert versions(project, text) == (
        versions(project) if expected is None else expected
    )


@pytest.mark.parametrize(
    "text",
    [
        "version = 1",
        "version_number = '1'",
        "version_number IN (1)",
        "source = 'x'",
        "current_stage = 'None'",
        "user_id = 'x'",
        "aliases = 'x'",
        "source_path IN ('a')",
        "tags.stage IS NULL",
    ],
)
def test_refuses_for_versions(project, text):
    with pytest.raises(BadFilter):
        registry.find_versions(project, text=text)


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        (["version_number"], ["Fraud 1", "churn 1", "Fraud 2", "churn 2"]),
        (["name DESC"], ["churn 2", "churn 1", "Fraud 2", "Fraud 1"]),
        (["creation_timestamp"], ["churn 2", "churn 1", "Fraud 2", "Fraud 1"]),
        (["last_updated_timestamp"], ["Fraud 1", "churn 1", "Fraud 2", "churn 2"]),
    ],
)
def test_orders_versions(project, order_by, expected):
    found, token = [], ""
    while token is not None:
        page = registry.find_versions(project, order_by=order_by, limit=1, token=token)
        found += [f"{row.model.name} {row.version}" for row in page.rows]
        token = page.next_token

    assert found == versions(project, order_by=order_by) == expected
