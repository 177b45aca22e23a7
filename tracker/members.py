"""Accounts and membership: people, what they may do in a project, and how they get in."""

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tracker import audit
from tracker.errors import AlreadyExists, Conflict, Invalid, NotFound
from tracker.models import Membership, Project, Role, User, What


def create_user(
    name: str, *, is_admin: bool = False, password: str | None = None
) -> User:
    """An account. Without a password it opens by its one-time link alone.

    Raises AlreadyExists, or Invalid for a name or password that will not do.
    """
    user = User(username=name, is_staff=is_admin, is_superuser=is_admin)
    try:
        user.clean_fields(exclude=["password"])
        if password is not None:
            validate_password(password, user)
    except ValidationError as problem:
        raise Invalid(" ".join(problem.messages)) from None
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            note = "an administrator" if is_admin else ""
            audit.record(What.USER_CREATED, about=user, note=note)
    except IntegrityError:
        raise AlreadyExists(f"An account “{name}” exists already.") from None
    return user


def one_time_path(user: User) -> str:
    """Where its owner sets a password; it ends when used, and after three days."""
    return reverse(
        "set_password",
        args=[
            urlsafe_base64_encode(force_bytes(user.pk)),
            default_token_generator.make_token(user),
        ],
    )


def find_user(name: str) -> User:
    found = User.objects.filter(username=name).first()
    if found is None:
        raise NotFound(f"No account “{name}”.")
    return found


def set_role(project: Project, user: User, role: Role) -> Membership:
    """Make someone a member, or change their role. A project keeps an owner."""
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(project, without=user)
        before = Membership.objects.filter(project=project, user=user).first()
        member, _ = Membership.objects.update_or_create(
            project=project, user=user, defaults={"role": role}
        )
        if before is None:
            note = f"as {role.label}"
            audit.record(What.MEMBER_ADDED, project=project, about=user, note=note)
        elif before.role != role:
            note = f"from {Role(before.role).label} to {role.label}"
            audit.record(What.ROLE_CHANGED, project=project, about=user, note=note)
    return member


def remove(project: Project, user: User) -> None:
    """End a membership, for the very next request. A project keeps an owner."""
    with transaction.atomic():
        _keep_an_owner(project, without=user)
        ended, _ = Membership.objects.filter(project=project, user=user).delete()
        if ended:
            audit.record(What.MEMBER_REMOVED, project=project, about=user)


def _keep_an_owner(project: Project, *, without: User) -> None:
    # Queue on the project: two owners who remove each other at once must not both win.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    owners = set(
        Membership.objects.filter(project=project, role=Role.OWNER).values_list(
            "user", flat=True
        )
    )
    if owners == {without.pk}:
        raise Conflict("A project needs an owner. Make someone else one first.")
