"""Whether a team's server is set up as it should be: `manage.py check --deploy`."""

import pytest

from tests.live import Server
from tracker import deployment

HTTPS = {
    "TRACKER_MODE": "team",
    "TRACKER_SECRET_KEY": "0123456789 a long enough secret, and as random as any",
    "TRACKER_PUBLIC_URL": "https://tracker.example.com",
    "TRACKER_ALLOWED_HOSTS": "tracker.example.com",
    "TRACKER_PROXIES": "1",
}


def test_finds_nothing_to_say_of_team_mode_behind_https(tmp_path):
    server = Server(tmp_path / "data", **HTTPS)

    checked = server.manage("check", "--deploy", "--fail-level", "WARNING")

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("https", "proxies", "says"),
    [(True, 0, ["tracker.W001"]), (True, 1, []), (False, 0, [])],
)
def test_misses_the_proxy_that_has_the_certificate(settings, https, proxies, says):
    settings.IS_HTTPS, settings.PROXIES = https, proxies

    assert [one.id for one in deployment.a_proxy_is_counted()] == says
