"""Saved views of a table, and short links to any state of it."""

import pytest

from tests import make
from tests.dashboard.reading import Page
from tracker.models import Role, SavedView, ShortLink, User

VIEWS = {"aria-label": "Views"}


@pytest.fixture
def sweep(vision):
    experiment = make.experiment(vision, "sweep")
    for n in range(4):
        make.candidate(experiment, metrics={"val/acc": n / 10}, params={"lr": str(n)})
    return experiment


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


def save(browser, url, name="Top", query="q=lr > 1&sort=-m:val/acc.max", scope="team"):
    return browser.post(url + "views/", {"name": name, "query": query, "scope": scope})


def test_a_view_keeps_the_state_and_opens_by_its_name(browser, sweep, url):
    answer = save(browser, url)

    assert answer.url == f"{url}?view=top"
    page = Page(browser.get(answer.url))
    assert page.column("lr") == ["3", "2"]
    assert page.root.one("input", id="q").attributes["value"] == "lr > 1"
    [tab] = [a for a in page.root.all("a") if a.text == "Top"]
    assert tab.attributes["aria-current"] == "page"
    assert "modified" not in page.main.text


def test_what_is_changed_in_a_view_overrides_it_and_is_said(browser, sweep, url):
    save(browser, url)

    page = Page(browser.get(url, {"view": "top", "q": "lr > 2"}))

    assert page.column("lr") == ["3"]
    assert "modified" in page.main.text
    assert page.link("Reset") == f"{url}?view=top"
    assert SavedView.objects.get().query == "q=lr%20%3E%201&sort=-m:val/acc.max"
    browser.post(url + "views/top/save/", {"query": "q=lr > 2"})
    assert Page(browser.get(url, {"view": "top"})).column("lr") == ["3"]


def test_an_empty_value_takes_away_what_the_view_says(browser, sweep, url):
    save(browser, url)

    page = Page(browser.get(url, {"view": "top", "q": ""}))

    assert len(page.rows) == 4
    chips = Page(browser.get(url, {"view": "top"}))
    assert chips.link("Remove lr > 1") == f"{url}?view=top&q="


def test_the_default_view_opens_where_the_address_says_nothing(browser, sweep, url):
    save(browser, url)
    browser.post(url + "views/top/default/")

    assert len(Page(browser.get(url)).rows) == 2
    assert len(Page(browser.get(url, {"view": "all"})).rows) == 4
    assert len(Page(browser.get(url, {"q": "lr = 0"})).rows) == 1
    everything = Page(browser.get(url)).link("Every candidate")
    assert len(Page(browser.get(everything)).rows) == 4

    browser.post(url + "views/top/default/", {"off": "1"})
    assert len(Page(browser.get(url)).rows) == 4


def test_links_to_a_deleted_view_go_on_working_with_a_notice(browser, sweep, url):
    save(browser, url)
    browser.post(url + "views/top/delete/")

    page = Page(browser.get(url, {"view": "top"}))

    assert len(page.rows) == 2
    assert "The view “Top” was deleted." in page.main.text
    assert not [a for a in page.root.all("a") if a.text == "Top"]


def test_a_deleted_view_comes_back_with_undo(browser, sweep, url):
    save(browser, url)
    page = Page(browser.get(browser.post(url + "views/top/delete/").url))

    [undo] = [form for form in page.root.all("form") if form.text == "Undo"]
    answer = browser.post(undo.attributes["action"])

    assert "Top" in Page(browser.get(answer.url)).root.one("nav", **VIEWS).text
    assert browser.post(undo.attributes["action"]).status_code == 404  # it is back


def test_an_unknown_view_is_a_note(browser, sweep, url):
    page = Page(browser.get(url, {"view": "nowhere"}))

    assert "There is no view “nowhere” here." in page.main.text
    assert len(page.rows) == 4


def test_names_may_repeat_and_addresses_do_not(browser, sweep, url):
    slugs = [save(browser, url, name).url for name in ("Top", "Top", "all", "★", "★")]

    assert len(set(slugs)) == 5
    assert f"{url}?view=all" not in slugs
    for address in slugs:
        assert len(Page(browser.get(address)).rows) == 2


def test_a_reader_uses_up_the_limit_for_nobody_else(
    client, sweep, url, owner, reader, monkeypatch, settings
):
    settings.MODE = "team"
    monkeypatch.setattr("dashboard.views.views.MAX_VIEWS", 2)
    client.force_login(reader)
    for name in ("One", "Two", "Three"):
        save(client, url, name=name, scope="mine")
    assert SavedView.objects.count() == 2
    for view in SavedView.objects.all():
        client.post(f"{url}views/{view.slug}/delete/")
    save(client, url, name="Four", scope="mine")
    assert SavedView.objects.count() == 2

    client.force_login(owner)
    save(client, url, name="Mine", scope="team")

    assert SavedView.objects.filter(owner=owner).count() == 1


@pytest.mark.parametrize(
    "fields",
    [{}, {"name": "x" * 101}, {"name": "x", "scope": "world"}, {"name": "\0", "scope": "mine"}],
)  # fmt: skip
def test_refuses_what_is_no_view(browser, sweep, url, fields):
    assert browser.post(url + "views/", fields).status_code == 302
    assert not SavedView.objects.exists()


def test_keeps_nothing_but_what_a_view_can_hold(browser, sweep, url):
    save(browser, url, query="q=x&after=abc&evil=1&next=//x")

    assert SavedView.objects.get().query == "q=x"


def test_my_view_is_listed_for_me_and_opens_for_others_by_its_link(
    client, vision, sweep, url, settings
):
    ana = make.member(vision, "ana", Role.READER)
    ben = make.member(vision, "ben", Role.READER)
    SavedView.objects.create(
        experiment=sweep, owner=ana, name="Mine", slug="mine", query="q=lr+>+1"
    )
    settings.MODE = "team"

    client.force_login(ben)
    page = Page(client.get(url))
    assert not [a for a in page.root.all("a") if a.text.startswith("Mine")]
    assert len(Page(client.get(url, {"view": "mine"})).rows) == 2
    assert client.post(url + "views/mine/save/", {"query": ""}).status_code == 403
    assert client.post(url + "views/mine/delete/").status_code == 403
    assert save(client, url, scope="team").status_code == 403

    client.force_login(ana)
    assert [a for a in Page(client.get(url)).root.all("a") if a.text.startswith("Mine")]
    assert client.post(url + "views/mine/delete/").status_code == 302


# ---------------------------------------------------------------- short links


def short(browser, at, how="link"):
    page = Page(browser.post("/p/vision/share/", {"at": at, "how": how}))
    return page.main.one("pre").text.removeprefix("http://testserver")


def test_a_short_link_leads_to_the_same_state(browser, sweep, url):
    at = f"{url}?q=lr+%3E+1&sort=-m:val/acc.max"

    link = short(browser, at)

    assert len(link) <= len("/s/") + 11
    assert browser.get(link).url == at
    assert short(browser, at) == link
    assert short(browser, url) != link
    assert ShortLink.objects.count() == 2


def test_a_frozen_link_shows_exactly_what_matched(browser, sweep, url):
    link = short(browser, f"{url}?q=lr+%3E+1", "freeze")
    make.candidate(sweep, params={"lr": "9"})

    page = Page(browser.get(browser.get(link).url))

    assert page.column("lr") == ["3", "2"]


@pytest.mark.parametrize(
    "at", ["https://evil.example/", "//evil", "/admin/", "", "/p/other/"]
)
def test_leads_nowhere_else(browser, sweep, at):
    answer = browser.post("/p/vision/share/", {"at": at, "how": "link"})

    assert answer.status_code == 302
    assert not ShortLink.objects.exists()


def test_who_has_lost_access_finds_nothing(
    client, browser, vision, sweep, url, settings
):
    link = short(browser, url)
    settings.MODE = "team"
    stranger = User.objects.create_user("stranger")
    client.force_login(stranger)

    assert client.get(link).status_code == 404
    assert client.get("/s/nonsense/").status_code == 404
