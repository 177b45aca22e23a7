"""Who may open and change what, in team mode: asked at every page's door."""

import pytest
from django.test import Client

from tests import make
from tests.dashboard.reading import Page
from tracker import lifecycle
from tracker.models import Experiment, Role, Visibility

pytestmark = pytest.mark.usefixtures("team")


@pytest.fixture
def candidate(vision):
    sweep = make.experiment(vision, "sweep")
    return make.candidate(sweep, name="secret", metrics={"val/acc": 0.5})


def client(user=None):
    made = Client()
    if user:
        made.force_login(user)
    return made


READ = [
    "/p/vision/",
    "/p/vision",
    "/p/vision/start/",
    "/p/vision/start/newest.json",
    "/p/vision/experiments/",
    "/p/vision/access/",
    "/p/vision/experiments/1/",
    "/p/vision/experiments/1.csv",
    "/p/vision/experiments/1.json",
    "/p/vision/experiments/1/charts/",
    "/p/vision/experiments/1/charts/chart.json?ch=bar!val/acc",
    "/p/vision/experiments/1/charts/chart.svg?ch=bar!val/acc",
    "/p/vision/experiments/1/charts/chart.csv?ch=bar!val/acc",
    "/p/vision/experiments/1/insights/",
    "/p/vision/experiments/1/insights.csv",
    "/p/vision/experiments/1/insights.json",
    "/p/vision/experiments/1/sweep/",
    "/p/vision/c/1.json",
    "/p/vision/c/1/artifacts.csv",
    "/p/vision/c/1/artifacts.json",
    "/p/vision/c/1/code/",
    "/p/vision/c/1/system/",
    "/p/vision/recipe/",
    "/p/vision/compare/?c=1",
    "/p/vision/compare.csv?c=1",
    "/p/vision/compare.json?c=1",
    "/p/vision/models.csv",
    "/p/vision/compare/chart.svg?c=1&chart=lines&m=val/acc",
    "/api/v4/projects/vision/ml/mlflow",
    "/r/?link=%23/experiments/1&project=vision",
]
WRITE = [  # a POST; a GET of the form, where there is one, asks for the same
    "/p/vision/experiments/new/",
    "/p/vision/experiments/1/settings/",
    "/p/vision/experiments/1/settings/signs-of-life/",
    "/p/vision/experiments/1/delete/",
    "/p/vision/experiments/1/restore/",
    "/p/vision/c/1/status/",
    "/p/vision/c/1/baseline/",
    "/p/vision/c/1/lock/",
    "/p/vision/c/1/move/",
    "/p/vision/experiments/1/new/",
]
OWN = [
    "/p/vision/describe/",
    "/p/vision/settings/",
    "/p/vision/settings/delete/",
    "/p/vision/settings/members/",
    "/p/vision/settings/members/invite/",
    "/p/vision/settings/members/1/",
    "/p/vision/settings/members/1/remove/",
    "/p/vision/settings/invitations/1/withdraw/",
    "/p/vision/settings/tokens/",
    "/p/vision/settings/tokens/1/revoke/",
]


@pytest.mark.parametrize("address", [*READ, *WRITE, *OWN])
def test_a_stranger_learns_nothing(candidate, stranger, address):
    answers = [client(stranger).get(address), client(stranger).post(address)]

    statuses = {answer.status_code for answer in answers}
    assert 404 in statuses
    assert statuses <= {404, 405}


@pytest.mark.parametrize("address", [*READ, *WRITE, *OWN])
def test_whoever_is_not_signed_in_gets_the_same_as_for_nothing_at_all(
    candidate, address
):
    for ask in (client().get, client().post):
        real, invented = ask(address), ask(address.replace("vision", "nothing"))
        assert real.status_code == invented.status_code != 200
        assert real.headers.get("Location", "").replace(
            "vision", "nothing"
        ) == invented.headers.get("Location", "")


def test_a_permanent_link_says_nothing_to_a_stranger(candidate, stranger):
    assert client(stranger).get(f"/r/{candidate.eid}/").status_code == 404
    lifecycle.delete_candidate(candidate)
    assert client(stranger).get(f"/r/{candidate.eid}/").status_code == 404


@pytest.mark.parametrize("address", READ)
def test_a_reader_reads(candidate, reader, address):
    assert client(reader).get(address).status_code in (200, 302)


@pytest.mark.parametrize("address", [*WRITE, *OWN])
def test_a_reader_changes_nothing(candidate, reader, address):
    answer = client(reader).post(address, {"name": "changed", "description": ""})

    assert answer.status_code == 403
    assert "Writer" in answer.content.decode() or "Owner" in answer.content.decode()
    assert Experiment.objects.get(iid=1).name == "sweep"


def test_a_reader_sees_no_control_that_would_refuse(candidate, reader):
    overview = Page(client(reader).get("/p/vision/"))
    listed = Page(client(reader).get("/p/vision/experiments/"))
    table = Page(client(reader).get("/p/vision/experiments/1/"))

    assert not overview.links("Settings")
    assert not listed.links("New experiment")
    assert not table.links("Settings")


def test_a_writer_changes_experiments_but_not_the_project(candidate, vision):
    writer = client(make.member(vision, "writer", Role.WRITER))

    changed = writer.post(
        "/p/vision/experiments/1/settings/", {"name": "new", "description": ""}
    )
    refused = writer.post("/p/vision/describe/", {"name": "x", "description": ""})

    assert (changed.status_code, refused.status_code) == (302, 403)
    assert Experiment.objects.get(iid=1).name == "new"


def test_home_and_the_list_show_only_what_one_may_read(candidate, reader, stranger):
    for address in ("/", "/projects/"):
        assert "vision" in Page(client(reader).get(address)).main.text
        for who in (client(), client(stranger)):
            page = who.get(address, follow=True)
            assert "secret" not in page.content.decode()
            assert "vision" not in page.content.decode()


def test_everyone_reads_a_public_project(candidate, vision):
    vision.visibility = Visibility.PUBLIC
    vision.save()

    for address in READ:
        assert client().get(address).status_code in (200, 302), address
    assert client().post("/p/vision/experiments/1/delete/").status_code == 403


def test_nobody_creates_a_project_without_signing_in(db):
    answer = client().post(
        "/projects/", {"name": "x", "slug": "x", "visibility": "public"}
    )

    assert answer.status_code in (302, 403)
    assert not lifecycle.Project.objects.filter(slug="x").exists()


@pytest.mark.parametrize("rows", [1, 40])
def test_the_table_costs_two_queries_more_than_in_local_mode(
    vision, reader, rows, django_assert_num_queries
):
    sweep = make.experiment(vision, "sweep")
    for n in range(rows):
        make.candidate(sweep, metrics={"val/acc": float(n)})
    who = client(reader)
    who.get("/p/vision/experiments/1/")

    # session, user; the role comes with the project; then the same as for the owner
    with django_assert_num_queries(2 + 8):
        who.get("/p/vision/experiments/1/")
