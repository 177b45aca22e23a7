"""Accounts and membership: people, what they may do in a project, and how they get in."""

import re
from datetime import datetime
from itertools import count

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tracker import audit
from tracker.errors import AlreadyExists, Conflict, Invalid, NotFound
from tracker.models import Membership, Project, Role, User, What
from tracker.models.access import new_salt

NOT_IN_A_NAME = re.compile(r"[^\w.@+-]+")
LONGEST_NAME = 140  # of 150, with a number behind it


def create_user(
    name: str, *, email: str = "", is_admin: bool = False, password: str | None = None
) -> User:
    """An account. Without a password it opens by its one-time link alone.

    Raises AlreadyExists, or Invalid for a name, address or password that will not do.
    """
    user = User(username=name, email=email, is_staff=is_admin, is_superuser=is_admin)
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


def free_name(wanted: str) -> str:
    """A user name like the one wanted that nobody has."""
    begin = NOT_IN_A_NAME.sub("-", wanted)[:LONGEST_NAME].strip("-") or "someone"
    taken = set(
        User.objects.filter(username__startswith=begin).values_list(
            "username", flat=True
        )
    )
    if begin not in taken:
        return begin
    return next(name for n in count(2) if (name := f"{begin}-{n}") not in taken)


def find_user(name: str) -> User:
    """A person by user name, or by an e-mail address that is nobody else's.

    Raises NotFound; the bots of project tokens are not people.
    """
    people = User.objects.filter(is_bot=False)
    found = people.filter(username=name).first()
    if found is None and "@" in name:
        by_mail = list(people.filter(email__iexact=name, is_active=True)[:2])
        found = by_mail[0] if len(by_mail) == 1 else None
    if found is None:
        raise NotFound(f"No account “{name}”.")
    return found


@transaction.atomic
def deactivate(user: User) -> None:
    """End the sessions, tokens and passwords of an account at once; nothing is lost."""
    User.objects.filter(pk=user.pk).update(is_active=False, session_salt=new_salt())
    audit.record(What.USER_BLOCKED, about=user)


@transaction.atomic
def activate(user: User) -> None:
    """Let somebody in again. Their tokens that have not ended work again too."""
    User.objects.filter(pk=user.pk).update(is_active=True)
    audit.record(What.USER_UNBLOCKED, about=user)


@transaction.atomic
def change_password(user: User, password: str) -> None:
    """A new password, which was checked; it ends every session. Tokens go on working."""
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(What.PASSWORD_CHANGED, about=user, by=user)


@transaction.atomic
def end_sessions(user: User) -> None:
    """Sign out everywhere, for the very next request."""
    user.session_salt = new_salt()
    user.save(update_fields=["session_salt"])
    audit.record(What.SESSIONS_ENDED, about=user, by=user)


# ---------------------------------------------------------------- members


def set_role(
    project: Project, user: User, role: Role, *, ends_at: datetime | None = None
) -> Membership:
    """Make someone a member, or change their role. A project keeps an owner.

    Raises Invalid for an owner whose membership would end, or an end in the past.
    """
    if ends_at is not None and role == Role.OWNER:
        raise Invalid("An owner's membership has no end. Choose another role.")
    if ends_at is not None and ends_at <= timezone.now():
        raise Invalid("A membership ends in the future.")
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(project, without=user)
        before = Membership.objects.filter(project=project, user=user).first()
        member, _ = Membership.objects.update_or_create(
            project=project,
            user=user,
            defaults={"role": role, "ends_at": ends_at, "is_by_groups": False},
        )
        if before is None:
            note = f"as {role.label}"
            audit.record(What.MEMBER_ADDED, project=project, about=user, note=note)
        elif before.role != role:
            note = f"from {Role(before.role).label} to {role.label}"
            audit.record(What.ROLE_CHANGED, project=project, about=user, note=note)
    return member


def add(
    project: Project, user: User, role: Role, *, ends_at: datetime | None = None
) -> Membership:
    """Make someone a member who is none yet. Raises AlreadyExists, Invalid."""
    if Membership.objects.current().filter(project=project, user=user).exists():
        raise AlreadyExists(
            f"“{user.username}” is a member already. Change the role in the list."
        )
    return set_role(project, user, role, ends_at=ends_at)


def remove(project: Project, user: User) -> None:
    """End a membership, for the very next request. A project keeps an owner.

    Raises NotFound for somebody who is no member.
    """
    with transaction.atomic():
        _keep_an_owner(project, without=user)
        ended, _ = Membership.objects.filter(project=project, user=user).delete()
        if ended:
            audit.record(What.MEMBER_REMOVED, project=project, about=user)
    if not ended:
        raise NotFound(f"“{user.username}” is no member of this project.")


def _keep_an_owner(project: Project, *, without: User) -> None:
    # Queue on the project: two owners who remove each other at once must not both win.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    owners = set(
        Membership.objects.filter(
            project=project, role=Role.OWNER, user__is_bot=False
        ).values_list("user", flat=True)
    )
    if owners == {without.pk}:
        raise Conflict("A project needs an owner. Make someone else one first.")
