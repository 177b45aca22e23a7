"""What every route needs, declared beside its view and asked before the view runs.

    @needs(Role.READER)                          a page for readers, changing nothing
    @needs(Role.READER, changes=Role.WRITER)     what it POSTs is for writers
    @needs(changes=Role.OWNER)                   no page, only a form's target
    @needs(Who.SIGNED_IN)                        outside of any project

A view without a declaration is not served: `tracker.middleware.Permits` answers 404, and
`manage.py check` names it. A role is that in the project of the address, which the view
finds by `dashboard.find.project`: there the declared role is asked for.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeVar, cast

from django.http import HttpRequest

from tracker.models import Role


class Who(Enum):
    """Who may come where no project is named."""

    ANYONE = "Anyone"
    SIGNED_IN = "Signed in"
    ADMIN = "Administrator"

    @property
    def label(self) -> str:
        return self.value


Needed = Role | Who
View = TypeVar("View", bound=Callable[..., Any])


class Permit(NamedTuple):
    """What reading needs, and what changing needs; None: there is nothing of the kind."""

    reads: Needed | None
    changes: Needed | None

    @property
    def methods(self) -> list[str]:
        reading = ["GET", "HEAD"] if self.reads else []
        return reading + (["POST"] if self.changes else [])

    def needed(self, method: str | None) -> Needed | None:
        return self.changes if method == "POST" else self.reads


def needs(
    reads: Needed | None = None, *, changes: Needed | None = None
) -> Callable[[View], View]:
    """Declare what a view needs: to be read (GET), and to change something (POST)."""

    def declare(view: View) -> View:
        cast(Any, view).permit = Permit(reads, changes)
        return view

    return declare


# Of packages: all below the URLs of Django's admin, and the steps of signing in elsewhere.
ADMIN = Permit(Who.ADMIN, Who.ADMIN)
SIGN_IN = Permit(Who.ANYONE, Who.ANYONE)


def of(view: Callable[..., Any], namespaces: Sequence[str] = ()) -> Permit | None:
    """What a view has declared; None where nobody has said anything."""
    declared = getattr(view, "permit", None)
    if isinstance(declared, Permit):
        return declared
    if "admin" in namespaces:
        return ADMIN
    if str(getattr(view, "__module__", "")).startswith("allauth."):
        return SIGN_IN
    return None


def role_needed(request: HttpRequest) -> Role | None:
    """The role that the view of this request has declared, beyond reading."""
    needed = vars(request).get("needed")
    return needed if isinstance(needed, Role) and needed > Role.READER else None
