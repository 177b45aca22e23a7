"""Team mode in a browser: a stranger's whole day that finds nothing, and accounts.

The private project has one rare word in everything that people write: names, notes, tags,
params, metrics, files, models. Nothing that the stranger is ever answered may hold it, and
each answer must be the one for a project that was never there.
"""

import json
import re

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import SIZES, draw, overflow
from tests.live import Server

# One house for all of them, and so one test process.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("house")]

PASSWORD = "a long enough password"
WORD = "zebrafinch"
INVENTED = "nothing-there"

WORLD = f"""
import json
from tracker import invitations, lifecycle, members, recording, tokens
from tracker.models import *
from tracker.routes import routes

ada, eve, ben = (
    members.create_user(n, password={PASSWORD!r}) for n in ("ada", "eve", "ben")
)
secret = lifecycle.create_project("aviary-{WORD}", name="{WORD}", owner=ada)
lifecycle.create_project("garden", owner=ada, visibility=Visibility.PUBLIC)
shared = lifecycle.create_project("orchard", owner=ada)
members.add(shared, ben, Role.READER)
trees = lifecycle.create_experiment(shared, "trees")
for n in range(9):
    recording.log_batch(
        lifecycle.create_candidate(trees, name=f"c{{n}}"),
        metrics=[
            recording.Point("val/acc", (7 * n % 9 + s + 1) / 100, 1000 + s, s)
            for s in range(4)
        ],
        params={{"lr": f"0.{{n // 3}}", "seed": str(n % 3)}},
    )
sweep = lifecycle.create_experiment(secret, "{WORD}/sweep")
bird = lifecycle.create_candidate(sweep, name="{WORD}", tags={{"mlflow.note.content": "{WORD}"}})
recording.log_batch(
    bird,
    metrics=[recording.Point("{WORD}", 0.5, 1, 0)],
    params={{"{WORD}": "{WORD}"}},
    tags={{"{WORD}": "{WORD}"}},
)
token = tokens.issue_for_project(secret, name="{WORD}").row
invitation = invitations.invite(secret, Role.READER, by=ada, note="{WORD}")
print("WORLD" + json.dumps({{
    "slug": secret.slug, "number": secret.pk, "iid": bird.iid, "eid": bird.eid,
    "member": secret.memberships.get(user=ada).pk, "token": token.pk,
    "invitation": invitation.row.pk, "join": invitation.path, "experiment": sweep.iid,
    "password": members.one_time_path(eve),
    "routes": [
        [one.address, sorted(one.needs)] for one in routes() if one.is_ours and one.needs
    ],
}}))
"""

# What people made, by its kind: not what a visit or the worker writes down.
STATE = """
import json
from hashlib import sha256
from django.apps import apps
from django.core import serializers
print("STATE" + json.dumps({
    model.__name__: sha256(
        serializers.serialize("json", model.objects.order_by("pk")).encode()
    ).hexdigest()
    for model in apps.get_models()
    if model._meta.app_label in ("tracker", "artifacts")
    and model.__name__ not in (
        "User", "AuditEvent", "AccessToken", "Job", "Worker", "Key", "Recount"
    )
}))
"""


def said(server, script, mark):
    done = server.manage("shell", "-v0", "-c", script)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition(mark)[2])


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    server = Server(
        tmp_path_factory.mktemp("house") / "data",
        TRACKER_MODE="team",
        TRACKER_CALLS_PER_MINUTE="60000",
        TRACKER_SECRET_KEY="a long enough secret, twice " * 2,
    )
    server.world = said(server, WORLD, "WORLD")
    server.start()
    yield server
    assert server.stop() == 0, server.output()


def addresses(house, slug):
    """Every address with a project, an object or a number in it, filled in."""
    world = house.world
    known = {
        "slug": slug,
        "project": slug,
        "eid": world["eid"],
        "path": "model/MLmodel",
        "iid": world["iid"],
        "secret": "x" * 43,
    }
    numbers = {
        "set_role": world["member"],
        "members": world["member"],
        "invitations": world["invitation"],
        "tokens": world["token"],
    }
    found = {}
    for address, methods in house.world["routes"]:
        if "<str:slug>" not in address and "<str:project>" not in address:
            continue
        # The same endpoints stand at four addresses: tests/api walks all of them.
        if "ajax-api" in address or "ml/mlflow/" in address:
            continue

        def fill(part, address=address):
            name = part[1].rpartition(":")[2]
            if name == "pk":
                folder = address.split("/<")[-2].rpartition("/")[2]
                return str(numbers.get(folder, 1))
            if name == "iid" and "experiments/" in address:
                return str(world["experiment"])
            return str(known.get(name, "1"))

        found["/" + re.sub(r"<([^>]+)>", fill, address)] = methods
    return found


class Person:
    """Somebody with a browser, and all that they were ever answered."""

    def __init__(self, chromium, house, name=None):
        self.house = house
        self.context = chromium.new_context(base_url=house.url)
        self.page = self.context.new_page()
        self.line = requests.Session()
        self.read: list[str] = []
        if name:
            self.sign_in(name)

    def open(self, address):
        self.page.goto(address)
        self.read.append(self.page.content())

    def sign_in(self, name):
        self.open("/sign-in/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def ask(self, method, address, **options):
        """As a script in the page would: with its cookies, its origin, its CSRF token."""
        cookies = {one["name"]: one["value"] for one in self.context.cookies()}
        headers = {
            "X-CSRFToken": cookies.get("csrf", ""),
            "Origin": self.house.url,
            **options.pop("headers", {}),
        }
        answer = self.line.request(
            method,
            self.house.url + address,
            headers=headers,
            cookies=cookies,
            allow_redirects=False,
            timeout=60,
            **options,
        )
        self.read.append(f"{answer.headers} {answer.text}")
        return answer.status_code, answer.text, answer.headers.get("location", "")

    def found(self, word):
        return [text for text in self.read if word in text]


@pytest.fixture
def somebody(chromium, house):
    made = []

    def come(name=None):
        made.append(Person(chromium, house, name))
        return made[-1]

    yield come
    for person in made:
        person.line.close()
        person.context.close()


def without_names(answer, slug):
    """An answer with what was asked for, and what is new each time, taken out."""
    status, body, location = answer
    body = re.sub(r'(nonce|value|content)="[^"]*"', "", body)
    return status, *(
        text.replace(slug, "…").replace(slug.upper(), "…") for text in (body, location)
    )


def everything(person, slug):
    """Ask at every address with every method it knows; address and method: the answer."""
    answers = {}
    for address, methods in addresses(person.house, slug).items():
        for method in sorted({*methods, "POST"} - {"HEAD"}):
            options = {} if method == "GET" else {"data": "{}", "headers": JSON}
            answer = person.ask(method, address, **options)
            answers[address.replace(slug, "…"), method] = without_names(answer, slug)
    return answers


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("name", ["eve", None], ids=["with an account", "without"])
def test_a_whole_day_finds_nothing(house, somebody, name):
    before = said(house, STATE, "STATE")
    stranger = somebody(name)
    page = stranger.page

    # What the pages themselves lead to.
    stranger.open("/")
    stranger.open("/projects/")
    if name:
        expect(page.get_by_role("link", name="garden")).to_be_visible()
        stranger.open("/you/tokens/")
        page.get_by_label("Name").fill("laptop")
        expect(page.get_by_label("Project")).not_to_contain_text(WORD)
        page.get_by_role("button", name="Make token").click()
        token = page.locator("#secret").inner_text()
    stranger.open(f"/r/{house.world['eid']}/")
    stranger.open(f"/p/garden/compare/?c={house.world['iid']}")

    # Every address, beside the same one of a project that was never there.
    secret = everything(stranger, house.world["slug"])
    nothing = everything(stranger, INVENTED)
    assert len(secret) > 200
    assert [
        (at, secret[at], nothing[at]) for at in secret if secret[at] != nothing[at]
    ] == []
    allowed = {status for status, *_ in secret.values() if status < 300}
    assert allowed <= {200}
    # By its number, as scripts of GitLab name it, and with one's own token.
    for method, address in (
        ("POST", "runs/search"),
        ("GET", f"runs/get?run_id={house.world['eid']}"),
        ("GET", "experiments/get?experiment_id=1"),
    ):
        root = f"/api/v4/projects/{house.world['number']}/ml/mlflow/api/2.0/mlflow/"
        headers = {"Authorization": f"Bearer {token}"} if name else {}
        status, *_ = stranger.ask(
            method,
            root + address,
            headers=JSON | headers,
            **({"data": b'{"experiment_ids": ["1"]}'} if method == "POST" else {}),
        )
        assert status == (404 if name else 401)

    assert [text for text in stranger.found(WORD) if not asked_for_it(text)] == []
    assert said(house, STATE, "STATE") == before


def asked_for_it(text):
    """A sign-in link repeats the address that was typed; nothing else may."""
    return WORD not in re.sub(rf"[^ \"']*aviary-{WORD}[^ \"']*", "", text)


def test_whoever_belongs_there_finds_it_at_the_same_addresses(house, somebody):
    """So that the day above would have found something, had a door stood open."""
    owner = somebody("ada")

    opened = {
        address
        for address, methods in addresses(house, house.world["slug"]).items()
        if "GET" in methods and owner.ask("GET", address)[0] == 200
    }

    assert len(opened) > 25
    assert owner.found(WORD)
    assert not asked_for_it(" ".join(owner.found(WORD)))


# ---------------------------------------------------------------- one address, two people

ADDRESS = "q=lr+%3E+0&sort=-m:val/acc.max&group=p:lr"
NO_TIMES = "cols=m:val/acc.max,p:lr"  # the clock goes on between two people
DRAWN = """() => [...document.querySelectorAll(".js-plotly-plot")].map((plot) => [
    plot.layout.yaxis.type,
    plot.data.map((trace) => [
        trace.line?.color,
        trace.line?.dash,
        [...(trace.y?._inputArray ?? trace.y ?? [])].map(Number),
    ]),
])"""


def test_one_address_shows_two_members_the_same(house, somebody):
    """Rows, curves, colours and order of a filtered, sorted, grouped chart page."""
    seen = []
    for name in ("ada", "ben"):
        page = somebody(name).page
        page.goto(f"/p/orchard/experiments/1/?{ADDRESS}&{NO_TIMES}")
        rows = page.locator("[data-rows] tr").all_inner_texts()
        page.get_by_role("link", name="Charts").click()
        page.goto(f"{page.url}&y=log")
        draw(page)
        legend = page.locator("[data-curve]").all_inner_texts()
        seen.append((rows, page.evaluate(DRAWN), legend))

    rows, [(scale, curves)], legend = seen[0]
    assert seen[0] == seen[1]
    assert [re.search(r"0\.\d", row)[0] for row in rows] == ["0.2", "0.1"]
    assert scale == "log"
    assert [curve for curve in curves if len(curve[2]) > 1]
    assert [line.split(" (")[0] for line in legend] == ["lr 0.2", "lr 0.1"]


# ---------------------------------------------------------------- pages of accounts


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_an_account_are_accessible(
    house, chromium, somebody, is_accessible, theme
):
    ada, visitor = somebody("ada"), somebody()
    pages = {
        ada: [
            "/you/",
            "/you/tokens/",
            f"/p/{house.world['slug']}/settings/members/",
            "/nowhere/",
        ],
        visitor: [
            "/sign-in/",
            house.world["join"],
            "/join/over/",
            house.world["password"],
        ],
    }
    for person, addresses in pages.items():
        person.page.emulate_media(color_scheme=theme)
        for address in addresses:
            person.open(address)
            is_accessible(person.page)
            for width, height in SIZES.values():
                person.page.set_viewport_size({"width": width, "height": height})
                assert overflow(person.page) <= 0, (address, width)


def test_an_invitation_from_link_to_project_without_a_script(house, chromium):
    plain = {"base_url": house.url, "java_script_enabled": False}
    owner, guest = chromium.new_context(**plain), chromium.new_context(**plain)
    page = owner.new_page()
    page.goto("/sign-in/?next=/p/garden/settings/members/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_label("For whom").fill("Dora")
    page.locator("#invite").get_by_label("Role").select_option("Writer")
    page.get_by_role("button", name="Make link").click()
    link = page.locator("#secret").inner_text()
    page.goto("/p/garden/settings/members/")
    expect(page.get_by_role("row", name="Dora")).to_be_visible()

    door = guest.new_page()
    door.goto(link)
    expect(door.get_by_role("heading", name="Join garden")).to_be_visible()
    door.get_by_label("User name").fill("dora")
    door.get_by_label("Password").fill(PASSWORD)
    door.get_by_role("button", name="Make an account and join").click()
    expect(door.get_by_role("heading", name="garden", level=1)).to_be_visible()

    page.reload()
    row = page.get_by_role("row", name="dora")
    row.get_by_role("combobox").select_option("Reader")
    row.get_by_role("button", name="Change").click()
    expect(page.get_by_text("dora is reader now.")).to_be_visible()
    page.get_by_role("row", name="dora").get_by_role("button", name="Remove").click()
    door.goto("/p/garden/settings/members/")
    expect(
        door.get_by_text("This needs the role Owner; yours is Reader.")
    ).to_be_visible()
    owner.close()
    guest.close()
