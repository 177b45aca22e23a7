"""Short links: a page's address under a code that follows from the address alone.

Equal states give equal codes, and a link that was shared a year ago is the one that is
made today. Who may open it is asked again each time, of the project it leads into.
"""

import base64
import hashlib

from django.db import IntegrityError, transaction

from tracker import locations
from tracker.errors import Invalid
from tracker.models import Project, ShortLink

CODE_CHARS = 10
MAX_QUERY_CHARS = 50_000


def shorten(project: Project, address: str) -> ShortLink:
    """The link to an address of this project. Raises Invalid for any other address."""
    parts = locations.parts(address)
    if parts.scheme or parts.netloc or not parts.path.startswith(f"/p/{project.slug}/"):
        raise Invalid("Only pages of this project can have a short link here.")
    if len(parts.path) > 500 or len(parts.query) > MAX_QUERY_CHARS:
        raise Invalid("This address is too long for a short link.")
    digest = hashed(parts.path, parts.query)
    for length in (CODE_CHARS, len(digest)):  # two pages with one code are very rare
        found, is_same = kept(project, digest[:length], parts.path, parts.query)
        if is_same:
            return found
    raise AssertionError("two addresses with one digest")


def hashed(path: str, query: str) -> str:
    digest = hashlib.blake2b(f"{path}?{query}".encode(), digest_size=20).digest()
    return base64.b32encode(digest).decode().lower()


def kept(project: Project, code: str, path: str, query: str) -> tuple[ShortLink, bool]:
    link = ShortLink(project=project, code=code, path=path, query=query)
    try:
        with transaction.atomic():
            link.save(force_insert=True)
    except IntegrityError:
        link = ShortLink.objects.get(code=code)
    return link, (link.path, link.query) == (path, query)
