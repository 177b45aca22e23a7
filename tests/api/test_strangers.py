"""Team mode: a project that is not for the caller is answered like one that is not there."""

import pytest
from django.test import Client

from tests import make
from tests.api.test_every_endpoint import ENDPOINTS, path
from tracker import members, projects, tokens
from tracker.models import Project, Role, Visibility


def caller(user):
    secret = tokens.issue(user, name="script").secret
    return Client(headers={"Authorization": f"Bearer {secret}"})


def answer(client, method, url):
    found = client.generic(method, url, "{}", "application/json")
    headers = {k: v for k, v in found.headers.items() if k != "X-Request-Id"}
    return found.status_code, found.content, headers


@pytest.mark.parametrize(("address", "method"), ENDPOINTS)
def test_says_the_same_of_a_hidden_project_and_of_none(
    team, vision, stranger, address, method
):
    client = caller(stranger)
    numbers = str(vision.pk), str(vision.pk + 1000)

    for here, nowhere in (("vision", "nothing"), numbers):
        real, none = (
            answer(client, method, f"/p/{name}{path(address)}")
            for name in (here, nowhere)
        )
        status, body, headers = real
        assert status == 404
        assert (status, body.replace(here.encode(), nowhere.encode())) == none[:2]
        assert headers.keys() == none[2].keys()


@pytest.mark.parametrize("end", ["removed", "off", "revoked", "deleted", "private"])
def test_stops_with_the_next_call(team, vision, end):
    writer = make.member(vision, "writer", Role.WRITER)
    issued = tokens.issue(writer, name="script")
    client = Client(headers={"Authorization": f"Bearer {issued.secret}"})
    url = "/p/vision/api/2.0/mlflow/experiments/search?max_results=1"
    if end == "private":
        members.set_role(vision, make.user("owner"), Role.OWNER)
        members.remove(vision, writer)
        Project.objects.update(visibility=Visibility.INTERNAL)
    assert client.get(url).status_code == 200

    if end == "removed":
        members.set_role(vision, make.user("owner"), Role.OWNER)
        members.remove(vision, writer)
    if end == "off":
        members.deactivate(writer)
    if end == "revoked":
        tokens.revoke(issued.row)
    if end == "deleted":
        projects.delete(vision)
    if end == "private":
        Project.objects.update(visibility=Visibility.PRIVATE)

    assert client.get(url).status_code == (401 if end in ("off", "revoked") else 404)
