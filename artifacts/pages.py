"""Documents that scripts log, HTML and SVG, shown in a frame where nothing is in reach.

The policy goes with the bytes, so it holds in a tab of its own too: an origin that is
nobody's, no network, no forms, and scripts only where a person has asked for them.
"""

from django.http import HttpRequest, HttpResponseBase

from artifacts import contents, downloads
from artifacts.models import Artifact

TYPES = {"html": "text/html", "htm": "text/html", "svg": "image/svg+xml"}
MAX_BYTES = 20 * 1024 * 1024
# Up to here a page shows it without being asked.
AT_ONCE_BYTES = 2 * 1024 * 1024

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:;"
    " font-src data:; media-src data: blob:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)
STILL = f"sandbox; {POLICY}"
RUNNING = f"sandbox allow-scripts; {POLICY}; script-src 'unsafe-inline' 'unsafe-eval'"


def is_page(artifact: Artifact) -> bool:
    """Whether it is a document by its name, and text by what the worker found."""
    return (
        contents.extension(artifact.name) in TYPES
        and artifact.state == Artifact.State.READY
        and bool(artifact.facts.get("encoding"))
        and artifact.size_bytes <= MAX_BYTES
    )


def page(
    request: HttpRequest, artifact: Artifact, *, runs_scripts: bool = False
) -> HttpResponseBase:
    """The bytes for a frame; the caller has asked `is_page`."""
    kind = TYPES[contents.extension(artifact.name)]
    encoding = artifact.facts["encoding"]
    return downloads.answer(
        request,
        blob=artifact.blob,
        size_bytes=artifact.size_bytes,
        etag=f'"{artifact.sha256}{"-runs" if runs_scripts else ""}"',
        modified=int(artifact.uploaded_at.timestamp()),
        content_type=f"{kind}; charset={encoding.removesuffix('-sig')}",
        disposition=downloads.disposition("inline", artifact.name),
        headers=downloads.HEADERS
        | {
            "Content-Security-Policy": RUNNING if runs_scripts else STILL,
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "no-referrer",
        },
    )
