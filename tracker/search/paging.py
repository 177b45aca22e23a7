"""Pages of a list, and the tokens that lead from one to the next.

A token holds where its page ended: the values that the last row is ordered by. So a page
deep in a list costs what the first one does, and rows that come or go in between shift
nothing. A token is signed together with its query and opens for no other.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, QuerySet

from tracker.errors import Invalid

T = TypeVar("T")
M = TypeVar("M", bound=Model)


class View(StrEnum):
    """Which rows a list shows: those that are there, those that were deleted, or both."""

    ACTIVE_ONLY = "ACTIVE_ONLY"
    DELETED_ONLY = "DELETED_ONLY"
    ALL = "ALL"


def viewed(rows: QuerySet[M], view: View) -> QuerySet[M]:
    """Those of these rows that the view shows."""
    match view:
        case View.ACTIVE_ONLY:
            return rows.filter(deleted_at=None)
        case View.DELETED_ONLY:
            return rows.filter(deleted_at__isnull=False)
        case View.ALL:
            return rows


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    rows: list[T]
    next_token: str | None = None  # None: this is the last page
    previous_token: str | None = None  # only for lists that can be walked backwards
    # Where it took too long to fill the page: how many were looked through for it.
    looked: int | None = None


def sign(values: Sequence[Any], query: object) -> str:
    """A page token for this query: JSON values that say where to go on."""
    return _signer(query).sign_object(list(values), compress=True)


def open(token: str, query: object) -> list[Any]:
    """The values in a token. Raises Invalid unless it was signed for this very query."""
    try:
        values = _signer(query).unsign_object(token)
    except (signing.BadSignature, ValueError):
        raise Invalid(
            "Invalid page token: it belongs to another query, or to no query."
        ) from None
    assert isinstance(values, list)
    return values


def _signer(query: object) -> signing.Signer:
    return signing.Signer(salt=f"page of {json.dumps(query, sort_keys=True)}")
