"""Single sign-on against a real OpenID Connect provider, through the server as people run it."""

import re
import subprocess
import sys

import pytest
import requests
from playwright.sync_api import expect

from tests.live import Server, environment, free_port
from tests.ops.programs import listening, wait_for

TEAM = {
    "TRACKER_MODE": "team",
    "TRACKER_SECRET_KEY": "a long enough secret, twice " * 2,
    "TRACKER_OIDC_CLIENT_ID": "tracker",
    "TRACKER_OIDC_CLIENT_SECRET": "s3cret",
    "TRACKER_OIDC_NAME": "Example login",
}


class Provider:
    """Its people are put there by tests; each signs in by naming themselves."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-m", "oidc_provider_mock"),
                *("--port", str(self.port), "--no-refresh-token", "true"),
                *("--require-nonce", "true"),
            ],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: listening(self.port))

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def knows(self, name, **claims):
        answer = requests.put(f"{self.url}/users/{name}", json=claims, timeout=30)
        assert answer.status_code == 204, answer.text


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    provider.start()
    yield provider
    provider.stop()


CAST = """
from tracker import lifecycle, members
from tracker.models import Role

ada = members.create_user("ada", email="ada@example.com")
members.deactivate(members.create_user("off", email="off@example.com"))
members.create_user("root", is_admin=True)
lifecycle.create_project("vision", owner=ada)
lifecycle.create_project("sound")
"""


def started(folder, provider, **settings):
    server = Server(folder, **TEAM, TRACKER_OIDC_ISSUER=provider.url, **settings)
    made = server.manage("shell", "-v0", "-c", CAST)
    assert made.returncode == 0, made.stderr
    return server.start()


@pytest.fixture(scope="module")
def open_house(tmp_path_factory, provider):
    """Lets in whoever has an address of example.com, and opens accounts by it."""
    server = started(
        tmp_path_factory.mktemp("open") / "data",
        provider,
        TRACKER_OIDC_NEW_USERS="example.com",
        TRACKER_OIDC_LINK_BY_EMAIL="true",
        TRACKER_OIDC_GROUPS_CLAIM="groups",
        TRACKER_OIDC_ROLES="team=vision:reader,leads=vision:owner,team=sound:writer",
        TRACKER_OIDC_STAFF_GROUP="operators",
    )
    yield server
    assert server.stop() == 0, server.output()


@pytest.fixture(scope="module")
def closed_house(tmp_path_factory, provider):
    """With the defaults."""
    server = started(tmp_path_factory.mktemp("closed") / "data", provider)
    yield server
    assert server.stop() == 0, server.output()


def sign_in(server, name, following="/you/"):
    """A session, and the answer in which the way to the provider and back has ended."""
    session = requests.Session()
    asked = session.get(f"{server.url}/sign-in/oidc/?next={following}", timeout=30)
    assert "/oauth2/authorize" in asked.url, asked.text
    return session, session.post(asked.url, data={"sub": name}, timeout=30)


def test_a_newcomer_of_the_domain_gets_an_account(open_house, provider):
    provider.knows(
        "sub-1",
        email="new@example.com",
        email_verified=True,
        preferred_username="new one",
    )

    session, answer = sign_in(open_house, "sub-1")

    assert answer.url == f"{open_house.url}/you/"
    assert "<h1>new-one</h1>" in answer.text
    assert "You sign in elsewhere" in answer.text
    # The same person comes back to the same account, whatever they are called now.
    provider.knows("sub-1", email="other@else.org", preferred_username="ada")
    _, again = sign_in(open_house, "sub-1")
    assert "<h1>new-one</h1>" in again.text


def test_a_verified_address_opens_the_account_that_has_it(open_house, provider):
    provider.knows("sub-2", email="Ada@example.com", email_verified=True)

    session, answer = sign_in(open_house, "sub-2", "/p/vision/settings/members/")

    assert answer.url == f"{open_house.url}/p/vision/settings/members/"
    assert answer.status_code == 200


def test_groups_give_and_take_with_each_sign_in(open_house, provider):
    def statuses(*groups):
        provider.knows(
            "grouped", email="g@example.com", email_verified=True, groups=groups
        )
        session, _ = sign_in(open_house, "grouped")
        return [
            session.get(f"{open_house.url}{address}", timeout=30).status_code
            for address in (
                *("/p/vision/", "/p/vision/settings/members/"),
                *("/p/sound/experiments/new/", "/admin/history/"),
            )
        ]

    assert statuses() == [404, 404, 404, 404]
    assert statuses("team", "others") == [200, 403, 200, 404]
    assert statuses("team", "leads", "operators") == [200, 200, 200, 200]
    assert statuses("leads") == [200, 200, 404, 404]
    assert statuses() == [404, 404, 404, 404]


@pytest.mark.parametrize(
    ("name", "claims", "says"),
    [
        ("elsewhere", {"email": "x@else.org", "email_verified": True}, "no account"),
        ("unchecked", {"email": "ada@example.com", "email_verified": False}, "no acc"),
        ("unsaid", {"email": "ada@example.com"}, "no account"),
        ("nobody", {}, "no account"),
        ("off", {"email": "off@example.com", "email_verified": True}, "switched off"),
    ],
)
def test_others_stay_outside(open_house, provider, name, claims, says):
    provider.knows(name, **claims)

    session, answer = sign_in(open_house, name)

    assert answer.status_code == 403
    assert says in answer.text
    assert session.get(f"{open_house.url}/you/", timeout=30).url.startswith(
        f"{open_house.url}/sign-in/"
    )


def test_by_default_nobody_is_let_in_or_linked(closed_house, provider):
    provider.knows("sub-3", email="ada@example.com", email_verified=True)

    _, answer = sign_in(closed_house, "sub-3")

    assert answer.status_code == 403


def test_takes_no_answer_that_this_session_did_not_ask_for(open_house, provider):
    provider.knows("sub-4", email="four@example.com", email_verified=True)
    asked = requests.get(
        f"{open_house.url}/sign-in/oidc/", allow_redirects=False, timeout=30
    )
    assert "code_challenge=" in asked.headers["Location"]
    given = requests.post(
        asked.headers["Location"],
        data={"sub": "sub-4"},
        allow_redirects=False,
        timeout=30,
    ).headers["Location"]
    assert given.startswith(f"{open_house.url}/sign-in/oidc/callback/?")

    victim = requests.Session()
    for address in (
        given,
        re.sub("state=[^&]*", "state=x", given),
        f"{open_house.url}/sign-in/oidc/callback/",
        f"{open_house.url}/sign-in/oidc/callback/?error=access_denied&state=\0",
    ):
        assert victim.get(address, timeout=30).status_code == 403
    assert "/sign-in/" in victim.get(f"{open_house.url}/you/", timeout=30).url


@pytest.mark.parametrize(
    "following", ["https://evil.example/", "//evil.example", "/\\x"]
)
def test_leads_to_no_other_site(open_house, provider, following):
    provider.knows("sub-5", email="five@example.com", email_verified=True)

    _, answer = sign_in(open_house, "sub-5", following)

    assert answer.url == f"{open_house.url}/"


def test_says_so_while_the_provider_is_away(closed_house, provider):
    provider.stop()
    try:
        answer = requests.get(f"{closed_house.url}/sign-in/oidc/", timeout=30)
        still = requests.get(f"{closed_house.url}/sign-in/", timeout=30)
    finally:
        provider.start()

    assert (answer.status_code, still.status_code) == (503, 200)
    assert "does not answer" in answer.text


@pytest.mark.browser
def test_signs_in_with_a_button(open_house, provider, chromium):
    provider.knows("sub-6", email="six@example.com", email_verified=True)
    context = chromium.new_context()
    page = context.new_page()

    page.goto(f"{open_house.url}/you/")
    page.get_by_role("link", name="Sign in with Example login").click()
    page.locator("input[name=sub]").first.fill("sub-6")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="six", level=1)).to_be_visible()
    context.close()


def test_is_not_even_loaded_where_it_is_not_set(tmp_path):
    server = Server(tmp_path / "data")

    loaded = server.manage(
        "shell", "-v0", "-c", "import sys, tracker.urls;print('allauth' in sys.modules)"
    )

    assert loaded.stdout.strip().endswith("False"), loaded.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"TRACKER_MODE": "local"}, "local mode has not"),
        ({"TRACKER_OIDC_CLIENT_SECRET": ""}, "TRACKER_OIDC_CLIENT_SECRET"),
        ({"TRACKER_OIDC_ROLES": "team=vision"}, "group=project:role"),
        ({"TRACKER_OIDC_STAFF_GROUP": "operators"}, "TRACKER_OIDC_GROUPS_CLAIM"),
    ],
)
def test_refuses_half_a_set_up(tmp_path, settings, says):
    server = Server(
        tmp_path / "data",
        **{**TEAM, "TRACKER_OIDC_ISSUER": "https://login.example.com", **settings},
    )

    answer = server.manage("check")

    assert answer.returncode == 1
    assert says in answer.stderr
