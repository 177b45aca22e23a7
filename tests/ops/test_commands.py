"""The commands beside `serve`."""

import io

import pytest
from django.core.management import CommandError, call_command

from artifacts.models import Artifact
from tests import make
from tracker.models import Candidate, Experiment, Project, Status, Visibility

pytestmark = pytest.mark.django_db


def said(*command, **options):
    out = io.StringIO()
    call_command(*command, stdout=out, **options)
    return out.getvalue()


def test_creates_a_project_and_says_where_it_is():
    answer = said("create_project", "vision", name="Vision", visibility="public")

    project = Project.objects.get(slug="vision")
    assert f"Project {project.pk} is at http://127.0.0.1:8000/p/vision" in answer
    assert (project.name, project.visibility) == ("Vision", Visibility.PUBLIC)
    assert project.experiments.get().name == "Default"


@pytest.mark.parametrize("slug", ["", "api", "123", "two words", "a/b", "x" * 101])
def test_refuses_an_address_that_cannot_be_one(slug):
    with pytest.raises(CommandError):
        said("create_project", slug)

    assert not Project.objects.exists()


def test_refuses_a_second_project_of_one_name():
    said("create_project", "vision")

    with pytest.raises(CommandError, match="exists already"):
        said("create_project", "vision")


def test_fills_a_project_to_look_around_in_and_replaces_it_when_told_to():
    said("demo")

    demo = Candidate.objects.filter(project__slug="demo")
    assert demo.count() == 60 + 3 + 1 + 24 + 21 + 14
    assert set(demo.values_list("status", flat=True)) == {
        *(Status.RUNNING, Status.FINISHED, Status.FAILED, Status.KILLED)
    }
    parent = demo.get(name="random-search")
    assert demo.filter(parent_eid=parent.eid).count() == 24
    linked = demo.exclude(ci_build=None).first().ci_build
    assert linked.job_url.startswith(
        "https://gitlab.example.com/vision/resnets/-/jobs/"
    )
    assert {"png", "csv", "json", "log"} <= {
        name.rpartition(".")[2]
        for name in Artifact.objects.values_list("name", flat=True)
    }
    one = demo.filter(status=Status.FINISHED, name__startswith="resnet").first()
    assert one.metrics.get(key="val/acc").count == 200

    kept, first = Experiment.objects.get(name="nightly"), world()
    assert "there already" in said("demo")
    assert Experiment.objects.get(name="nightly") == kept

    said("demo", again=True)
    assert Experiment.objects.get(name="nightly") != kept
    assert world() == first


def world():
    """What stays the same when the sample is written again: all but ids and times."""
    return [
        (one.name, one.status, sorted(one.params.values_list("key", "value")))
        for one in Candidate.objects.order_by("iid")[:100]
    ]


def test_switches_an_account_off_and_on_again():
    user = make.user("ann")

    assert said("deactivate", "ann") == "ann is switched off.\n"
    user.refresh_from_db()
    assert not user.is_active
    assert "may sign in again" in said("deactivate", "ann", undo=True)
    user.refresh_from_db()
    assert user.is_active


def test_makes_a_link_to_choose_a_new_password():
    make.user("ann")

    link = said("one_time_link", "ann").strip()

    assert link.startswith("http://127.0.0.1:8000/set-password/")


@pytest.mark.parametrize("command", ["deactivate", "one_time_link"])
def test_knows_nobody_of_that_name(command):
    with pytest.raises(CommandError, match="No account"):
        said(command, "nobody")


def test_runs_no_web_server_alone_on_a_laptop():
    with pytest.raises(CommandError, match="use `serve`"):
        said("web")
