"""What changes while somebody looks: a version that is cheap to ask for, and the new rows."""

import hashlib
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.find import Opened
from dashboard.table.listing import Listing


def version(opened: Opened) -> str:
    """Another text as soon as a candidate comes, goes, ends or logs. No statement.

    What has ended changes by a person's hand alone, and then the page is loaded anyway.
    """
    said = [opened.total, opened.live, opened.newest_iid, opened.written_ms]
    return hashlib.blake2b(repr(said).encode(), digest_size=8).hexdigest()


def url(given: Listing) -> str:
    """Where to ask for what has changed on this page since."""
    experiment = given.opened.experiment
    path = reverse("experiment_changes", args=[experiment.project.slug, experiment.iid])
    query = urlencode(given.state.pairs(), safe=":/,~")
    return f"{path}?{query}" if query else path
