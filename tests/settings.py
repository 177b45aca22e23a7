"""The product's settings, with a data folder, a database and a queue of the tests' own."""

import os
import tempfile

os.environ.setdefault("TRACKER_DATA_DIR", tempfile.mkdtemp(prefix="tracker-tests-"))
os.environ["TRACKER_ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1,[::1]"

if os.environ.get("TRACKER_TEST_DATABASE") == "postgresql":
    from tests.postgresql import server_url

    os.environ["TRACKER_DATABASE_URL"] = server_url()

from tracker.settings import *  # noqa: E402, F403
from tracker.settings import STORAGES  # noqa: E402

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
