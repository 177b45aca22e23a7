"""What its owners change about a project: name, description, visibility; delete, restore."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from tracker import audit
from tracker.errors import Conflict, Invalid, NotFound
from tracker.lifecycle import DEFAULT_PROJECT
from tracker.models import Project, Visibility, What


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
