"""The product's settings, with a data folder, a database and a queue of the tests' own."""

import atexit
import os
import shutil
import tempfile

# One folder for a run: the processes that pytest starts inherit it from the first.
if "TRACKER_DATA_DIR" not in os.environ:
    folder = os.environ["TRACKER_DATA_DIR"] = tempfile.mkdtemp(prefix="tracker-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.environ["TRACKER_ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1,[::1]"

if os.environ.get("TRACKER_TEST_DATABASE") == "postgresql":
    from tests.postgresql import server_url

    os.environ["TRACKER_DATABASE_URL"] = server_url()

from tracker.settings import *  # noqa: F403
from tracker.settings import DATA_DIR, DATABASES, STORAGES

# A file, as in production: in memory, SQLite's threads would share one lock per table.
DATABASES["default"].setdefault("TEST", {})["NAME"] = (
    str(DATA_DIR / "tests.sqlite3")
    if DATABASES["default"]["ENGINE"].endswith("sqlite3")
    else None
)

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
# A machine that runs the whole suite is slow; what the limit does has a test of its own.
SEARCH_SECONDS = 120
