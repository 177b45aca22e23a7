"""Questions whose statement is written once: they answer as the ORM would, every time."""

from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from dashboard import find
from tests import make
from tracker.models import Experiment, Membership, Project
from tracker.prepared import Question

pytestmark = pytest.mark.django_db


def test_answers_for_the_values_that_are_given(vision):
    for name in ("first", "second"):
        one = make.experiment(vision, name)
        make.candidate(one, name="alone")

        found = find.experiment(vision, one.iid)

        assert found.experiment == one
        assert (found.experiment.name, found.total) == (name, 1)
        assert found.experiment.metric_rules is None


def test_reads_columns_as_the_models_do(vision):
    one = make.experiment(vision, "sweep")
    one.metric_rules = {"acc": {"direction": "max"}}
    one.deleted_at = timezone.now()
    one.save()

    found = find.experiment(vision, one.iid).experiment

    asked = Experiment.objects.get(pk=one.pk)
    for field in Experiment._meta.concrete_fields:
        value = getattr(found, field.attname)
        assert value == getattr(asked, field.attname), field
        assert type(value) is type(getattr(asked, field.attname)), field


def test_sees_a_membership_end(reader, vision):
    def visible():
        return find.to_people.first(slug=vision.slug, user=reader.pk, at=timezone.now())

    before = visible()
    ended = timezone.now() - timedelta(microseconds=1)
    Membership.objects.filter(user=reader).update(ends_at=ended)

    assert before == vision
    assert visible() is None


def test_refuses_a_value_that_it_does_not_ask_for():
    @Question
    def narrow(slug: str, user: int) -> QuerySet[Project]:
        return Project.objects.filter(slug=slug)

    with pytest.raises(TypeError, match="user"):
        narrow.first(slug="vision", user=1)
