"""What people do with whole projects: create, rename, describe, open, delete, restore."""

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from tracker import audit, lifecycle
from tracker.errors import Conflict, Denied, Invalid, NotFound
from tracker.lifecycle import DEFAULT_PROJECT
from tracker.models import Project, User, Visibility, What


def may_create(user: User | AnonymousUser) -> bool:
    """Everyone with an account, or staff alone: the settings say which."""
    if settings.PROJECT_CREATORS == "staff":
        return user.is_authenticated and user.is_staff
    return user.is_authenticated


def create(by: User, slug: str, *, name: str, visibility: Visibility) -> Project:
    """A project that this person owns. The slug has been checked as for `create_project`.

    Raises Denied where it is not theirs to make one, and AlreadyExists.
    """
    if not may_create(by):
        raise Denied(NOT_YOURS)
    return lifecycle.create_project(slug, name=name, visibility=visibility, owner=by)


NOT_YOURS = (
    "Only administrators create projects on this server. Ask one of them to make it"
    " and to make you its owner."
)


@transaction.atomic
def change(
    project: Project, *, name: str, description: str, visibility: Visibility
) -> None:
    """Raises Invalid for a name or visibility that will not do."""
    before = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    project.name, project.description = name, description
    project.visibility = visibility
    try:
        project.clean_fields(exclude=["slug"])
    except ValidationError as problem:
        raise Invalid(" ".join(problem.messages)) from None
    project.save(update_fields=["name", "description", "visibility"])
    if before.visibility != visibility:
        note = f"from {before.visibility} to {visibility}"
        audit.record(What.VISIBILITY_CHANGED, project=project, note=note)
    if (before.name, before.description) != (name, description):
        note = "name" if before.name != name else "description"
        audit.record(What.PROJECT_CHANGED, project=project, note=note)


@transaction.atomic
def delete(project: Project) -> None:
    """Hide a project with all it holds; it can be restored until it is purged."""
    if project.slug == DEFAULT_PROJECT:
        raise Conflict(
            "This is the project behind a tracking URI without one; it stays."
        )
    moment = timezone.now()
    if Project.objects.alive().filter(pk=project.pk).update(deleted_at=moment):
        audit.record(What.DELETED, project=project, about=project)
    project.deleted_at = moment


@transaction.atomic
def restore(project: Project) -> None:
    """Raises NotFound once its purge has begun, and Conflict where it is not deleted."""
    if Project.objects.filter(pk=project.pk, purged_at__isnull=False).exists():
        raise NotFound("This project is being purged. Nothing brings it back.")
    if not Project.objects.in_trash().filter(pk=project.pk).update(deleted_at=None):
        raise Conflict("This project is not deleted.")
    audit.record(What.RESTORED, project=project, about=project)
    project.deleted_at = None
