"""The columns that a person had on show lately, in any experiment of a project.

Kept in a cookie of the project's pages: a matter of taste, as the theme is, and no write
for a page that is only read.
"""

from collections.abc import Iterable
from urllib.parse import quote, unquote

from django.http import HttpRequest, HttpResponse

from dashboard.table.columns import ATTRIBUTE, Catalogue, Column, parse

COOKIE = "columns"
SEPARATOR = "!"  # cookies may hold it, and what is quoted does not
MAX_CHARS = 2000  # of the cookie, which travels with every request
A_YEAR_SECONDS = 365 * 24 * 3600


def read(request: HttpRequest) -> list[str]:
    """Their addresses, the latest first."""
    said = request.COOKIES.get(COOKIE, "")[:MAX_CHARS]
    return [unquote(part) for part in said.split(SEPARATOR) if part]


def known(request: HttpRequest, catalogue: Catalogue) -> list[Column]:
    """Those that this experiment has."""
    found = [parse(address, catalogue) for address in read(request)]
    return [column for column in dict.fromkeys(found) if column]


def remember(
    request: HttpRequest, response: HttpResponse, path: str, shown: Iterable[Column]
) -> None:
    """Put these before the others that are remembered for addresses below `path`."""
    before = read(request)
    now = [column.address for column in shown if column.kind != ATTRIBUTE]
    if set(now) <= set(before):
        return
    said = SEPARATOR.join(quote(one, safe="") for one in dict.fromkeys([*now, *before]))
    kept = said if len(said) <= MAX_CHARS else said[:MAX_CHARS].rpartition(SEPARATOR)[0]
    response.set_cookie(
        COOKIE,
        kept,
        max_age=A_YEAR_SECONDS,
        path=path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
