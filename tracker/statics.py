"""Static files: collected and compressed once for each state of their sources."""

import fcntl
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import Storage
from django.core.management import call_command
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

from tracker.version import VERSION

# What installed packages bring and no page of ours asks for.
UNUSED = [
    "rest_framework/*",
    "django_htmx/htmx-2*",
    "django_htmx/htmax*",
    "django_htmx/htmx-4.js",
    # The readable copies, which only DEBUG asks for, straight from the package.
    "admin/js/vendor/jquery/jquery.js",
    "admin/js/vendor/select2/select2.full.js",
    "admin/js/vendor/xregexp/xregexp.js",
    # Languages other than English.
    "admin/js/vendor/select2/i18n/[!e]*",
    "admin/js/vendor/select2/i18n/e[!n]*",
]


IMPORT = re.compile(r'@import url\("([^"]+)"\);\n')


class QuickCompressor(Compressor):
    """Brotli takes 12 seconds for the last 8 % of plotly.js; nobody's first start should."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=9))


class StaticFiles(CompressedManifestStaticFilesStorage):
    def create_compressor(self, **options: Any) -> Compressor:
        return QuickCompressor(**options)

    def post_process(
        self,
        paths: dict[str, tuple[Storage, str]],
        dry_run: bool = False,
        **options: Any,
    ) -> Iterator[Any]:
        """Put the parts of a style sheet into it: one request, and better compression."""
        joined: dict[str, tuple[Storage, str]] = {}
        for name, (source, path) in paths.items():
            if name.endswith(".css") and not dry_run:
                with source.open(path) as file:
                    text = file.read().decode()
                if IMPORT.search(text):
                    Path(self.path(name)).write_text(
                        whole(text, Path(source.path(path)))
                    )
                    # Else its source would be read again.
                    joined[name] = (self, name)
        yield from super().post_process(paths | joined, dry_run, **options)


def whole(sheet: str, path: Path) -> str:
    """A style sheet with what it imports from its own folder, without indentation."""
    sheet = IMPORT.sub(lambda found: path.with_name(found[1]).read_text(), sheet)
    return re.sub(r"\n\s+", "\n", sheet)


def collect(announce: Callable[[], object]) -> None:
    """Bring the collected files up to date, where they are not."""
    stamp = Path(settings.STATIC_ROOT).with_name("static.stamp")
    state = digest()
    # Done already, perhaps in an image whose files nobody may write.
    if stamp.exists() and stamp.read_text() == state:
        return
    stamp.parent.mkdir(parents=True, exist_ok=True)
    # Servers of several data folders may start from one checkout at the same time.
    with open(stamp, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if file.read() == state:
            return
        announce()
        file.truncate(0)
        call_command(
            "collectstatic", verbosity=0, interactive=False, ignore_patterns=UNUSED
        )
        file.write(state)


def digest() -> str:
    """Changes whenever a source, its name or the way of collecting changes."""
    found = hashlib.blake2b(f"{VERSION} {UNUSED}".encode())
    for name, storage in sources():
        found.update(name.encode())
        found.update(Path(storage.path(name)).read_bytes())
    return found.hexdigest()


def sources() -> Iterator[tuple[str, Storage]]:
    for finder in get_finders():
        yield from finder.list(UNUSED)
