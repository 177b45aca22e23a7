# ruff: noqa: F811  (fixtures of other modules)
"""Ids of a project that is not yours, sent to every route of one that is.

An owner of *vision* names what belongs to *hidden*: nothing of it may be shown, and not a
row of it may change. Only values that are never sent count as shown.
"""

import json

import msgspec
import pytest
from django.apps import apps
from django.test import Client
from msgspec import inspect

from artifacts import ingest
from artifacts.paths import Place
from tests import make
from tests.hostile.test_pages import asked_for, pages  # noqa: F401  (a fixture)
from tests.test_routes import ENDPOINTS, address
from tracker import invitations, recording, registry, tokens
from tracker.models import AccessToken, Role

SECRET = "never-to-be-seen"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Every call notes these of whoever calls, or of the whole server.
NOTES = {"last_used_at", "last_login", "key"}


@pytest.fixture
def hidden(db):
    """Something of everything, with a secret in each."""
    project = make.project("hidden", description=SECRET)
    owner = make.member(project, "keeper", Role.OWNER)
    there = make.experiment(project, "theirs")
    run = make.candidate(
        there,
        metrics={SECRET: 0.5},
        params={"lr": SECRET},
        tags={"mlflow.note.content": SECRET},
        points=[recording.Point("loss", 0.123456789, 1, 1)],
    )
    ingest.receive(Place(run, "a.txt"), iter([SECRET.encode()]), size_bytes=len(SECRET))
    logged = make.logged_model(there, name="clf", tags={"a": SECRET})
    model = make.registered_model(project, "churn", description=SECRET)
    version = make.version(model, description=SECRET)
    registry.set_alias(version, "champion")
    issued = tokens.issue(owner, name="t", project=project)
    invited = invitations.invite(project, Role.READER, by=owner)
    pk = {
        "member": owner.memberships.get().pk,
        "token": issued.row.pk,
        "invitation": invited.row.pk,
    }
    return {
        "run_id": run.eid,
        "run_uuid": run.eid,
        "experiment_id": str(there.pk),
        "model_id": logged.eid,
        "name": "churn",
        "version": "1",
        "alias": "champion",
        "key": "loss",
        "metric_key": "loss",
        "path": f"{there.iid}/{run.eid}/artifacts/a.txt",
        "source": f"runs:/{run.eid}/m",
        "pks": sorted(
            {run.pk, there.pk, logged.pk, model.pk, version.pk, *pk.values()}
        ),
    }


def everything():
    """All rows there are, but for what every call notes."""
    return {
        (model.__name__, row["pk"]): {k: v for k, v in row.items() if k not in NOTES}
        for model in apps.get_models()
        if model._meta.app_label in ("tracker", "artifacts", "dashboard")
        for row in model._default_manager.annotate().values("pk", *columns(model))
    }


def columns(model):
    return [field.attname for field in model._meta.concrete_fields]


@pytest.fixture
def vision(hidden):
    """Another project, made after the rows of the hidden one have been counted."""
    hidden["before"] = everything()
    project = make.project("vision")
    make.candidate(make.experiment(project, "sweep"), metrics={"loss": 1.0})
    return project


def unharmed(hidden):
    now = everything()
    changed = [
        (name, {k: (v, now.get(name, {}).get(k)) for k, v in row.items()
                if now.get(name, {}).get(k) != v})
        for name, row in hidden["before"].items()
        if now.get(name) != row
    ]  # fmt: skip
    return changed


def message(kind, hidden):
    """A message with the hidden project's ids wherever one fits."""
    return {
        field.encode_name: value(field.encode_name, field.type, hidden)
        for field in kind.fields
        if field.required or field.encode_name.removesuffix("s") in hidden
    }


def value(name, kind, hidden):
    if isinstance(kind, inspect.StructType):
        return message(kind, hidden)
    if isinstance(kind, inspect.ListType):
        return [value(name.removesuffix("s"), kind.item_type, hidden)]
    if isinstance(kind, inspect.UnionType):
        return value(name, kind.types[0], hidden)
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return 1
    return hidden.get(name, "x")


def test_shows_and_changes_nothing_through_the_api(team, vision, hidden):
    owner = make.member(vision, "owner", Role.OWNER)
    secret = tokens.issue(owner, name="t", scope=AccessToken.Scope.ALL).secret
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    shown = []
    for route in ENDPOINTS:
        for method in set(METHODS) & set(route.needs or {}):
            endpoint = route.view.initkwargs["endpoints"][method]
            shape = endpoint.message and inspect.type_info(endpoint.message)
            body = message(shape, hidden) if shape else {}
            url = address(route)
            for part, there in (("m-1", "model_id"), ("a.txt", "path")):
                url = url.replace(f"/{part}", f"/{hidden[there]}")
            if method == "GET":
                query = {k: v for k, v in body.items() if not isinstance(v, dict)}
                answer = client.get(url, query or {"path": hidden["path"]})
            else:
                answer = client.generic(
                    method, url, json.dumps(body), "application/json"
                )
            content = b"".join(answer) if answer.streaming else answer.content
            assert answer.status_code < 500 or answer.status_code == 501, (url, body)
            if SECRET.encode() in content or b"0.123456789" in content:
                shown.append((method, url, body))
            if answer.headers.get("Content-Type") == "application/json" and content:
                msgspec.json.decode(content)

    assert shown == []
    assert unharmed(hidden) == []


def test_shows_and_changes_nothing_through_pages(
    team,
    vision,
    hidden,
    asked_for,
):
    client = Client()
    client.force_login(make.member(vision, "owner", Role.OWNER))
    shown = []
    for route in {route.address: route for route in pages() + pages("POST")}.values():
        if "<str:slug>" not in route.address:
            continue
        parts = hidden["pks"] if "<int:pk>" in route.address else [1]
        for url in [address(route).replace("/1/", f"/{part}/") for part in parts]:
            asked_for.clear()
            client.get(url)
            client.post(url)
            for sent in (str(hidden["pks"][0]), hidden["run_id"]):
                form = dict.fromkeys(asked_for - {"csrfmiddlewaretoken"}, sent)
                for ask in (client.get, client.post):
                    answer = ask(url, form)
                    content = b"".join(answer) if answer.streaming else answer.content
                    if SECRET.encode() in content:
                        shown.append((url, form))

    assert shown == []
    assert unharmed(hidden) == []
