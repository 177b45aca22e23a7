"""What people keep about pages: views, short links, stars, how metrics are judged, actions."""

from typing import Any, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from tracker.models.access import Project, User
from tracker.models.experiments import Experiment


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def offered_to(self, user: User | AnonymousUser) -> Self:
        """The team's views, and one's own."""
        mine = Q(owner=user) if user.is_authenticated else Q(pk__in=[])
        return self.alive().filter(Q(scope=SavedView.Scope.TEAM) | mine)

    def counting_for(self, user: User, experiment: Experiment) -> int:
        """How many count against a person's limit: nobody uses up that of others."""
        team = Q(scope=SavedView.Scope.TEAM, deleted_at=None)
        mine = self.filter(Q(owner=user) | team, experiment=experiment)
        return mine.count()


class SavedView(models.Model):
    """The state of a table under a name. Whoever may read the project may open it by link."""

    class Scope(models.TextChoices):
        MINE = "mine", "Only me"
        TEAM = "team", "Everyone in the project"

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="views")
    owner = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="views"
    )
    scope = models.CharField(max_length=4, choices=Scope, default=Scope.MINE)
    slug = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    query = models.TextField(blank=True)  # as in an address, without the question mark
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # Its links go on working until it is purged, with a notice.
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "slug"], name="view_slug_in_experiment"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ShortLink(models.Model):
    """A page's address under a short code. The code follows from the address alone."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="short_links")
    code = models.CharField(max_length=40, unique=True)
    path = models.CharField(max_length=500)
    query = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.code


class Star(models.Model):
    """An experiment that a person wants to find again."""

    user = models.ForeignKey(User, models.CASCADE, related_name="stars")
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="stars")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "experiment"], name="one_star")
        ]

    def __str__(self) -> str:
        return f"{self.user} likes {self.experiment}"


class MetricRules(models.Model):
    """How a project's people judge its metrics: what they confirmed, by key.

    One row that comes along with its project, since every page of it needs all of them.
    """

    project = models.OneToOneField(
        Project, models.CASCADE, primary_key=True, related_name="metric_rules"
    )
    # {"val/acc": {"direction": "max", "unit": "%", "digits": 3}}
    rules = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "metric rules"

    def __str__(self) -> str:
        return f"metrics of {self.project}"


class Action(models.Model):
    """Something done to many candidates at once, with what it takes to undo it."""

    class Verb(models.TextChoices):
        DELETE = "delete", "Delete"
        MOVE = "move", "Move"
        TAG = "tag", "Tag"
        LOCK = "lock", "Lock"
        UNLOCK = "unlock", "Unlock"
        ARCHIVE = "archive", "Archive"
        UNARCHIVE = "unarchive", "Take back"
        STAR = "star", "Star"
        UNSTAR = "unstar", "Take the star from"
        REGISTER = "register", "Register"

    project = models.ForeignKey(Project, models.CASCADE, related_name="actions")
    asked_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="actions"
    )
    verb = models.CharField(max_length=10, choices=Verb)
    arguments = models.JSONField(default=dict, blank=True)
    candidates: Any = models.JSONField(default=list)  # the ids of those to change
    before: Any = models.JSONField(default=dict, blank=True)  # by id, what Undo writes
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.get_verb_display()} {len(self.candidates)} candidates"
