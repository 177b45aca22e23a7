"""The pages of the model registry: the list, a model, a version, and their forms."""

from urllib.parse import quote

import pytest
from django.test import Client

from artifacts import ingest, paths
from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import new_versions, registry
from tracker.models import ModelVersion, RegisteredModel

URL = "/p/vision/models/"
ODD = [
    "a b",
    "v1.0",
    "100%",
    "50%25",
    "größe",
    "a?b#c",
    "q\"&'",
    "describe",
    "a;b\\c",
    "a\nb\t",
    "…",
    " x",
    "%2F",
]


@pytest.fixture
def candidate(vision):
    sweep = make.experiment(vision, "sweep")
    return make.candidate(
        sweep, name="r50", metrics={"val/acc": 0.75}, params={"lr": "0.1"}
    )


@pytest.fixture
def detector(vision):
    return make.registered_model(vision, "detector", description="Finds **cats**.")


@pytest.fixture
def versions(detector, candidate):
    """Three, the last from a candidate; champion is the first."""
    first, second = make.version(detector), make.version(detector)
    source = f"runs:/{candidate.eid}/model"
    third = make.version(detector, source, run_id=candidate.eid)
    registry.set_alias(first, "champion")
    return [first, second, third]


def names(page):
    return [one.text for one in page.root.one("tbody").all("a", class_="ename")]


# ---------------------------------------------------------------- the list


def test_lists_models_with_their_newest_version_and_where_it_came_from(
    browser, vision, versions
):
    make.registered_model(vision, "bare")

    page = Page(browser.get(URL, {"sort": "name"}))

    assert page.column("Name") == ["bare", "detector Finds cats."]
    assert page.column("Latest") == ["– no version", "v3"]
    assert page.column("Aliases") == ["", "champion v1"]
    assert page.column("From") == ["", "#1"]
    assert page.column("Key metric")[1] == "val/acc max 0.7500"
    assert page.column("Versions") == ["0", "3"]
    assert page.link("champion v1") == f"{URL}detector/1/"
    side = page.root.one("nav", id="side")
    [here] = [a for a in side.all("a") if "aria-current" in a.attributes]
    assert here.text == "Models 2"


@pytest.mark.parametrize(
    ("q", "found"),
    [("DETECT", True), ("cats", True), ("champ", True), ("blue", True), ("%", False)],
)
def test_searches_names_descriptions_aliases_and_tags(
    browser, vision, detector, versions, q, found
):
    registry.set_tag(detector, "team", "Blue")
    make.registered_model(vision, "other")

    page = Page(browser.get(URL, {"q": q}))

    if found:
        assert names(page) == ["detector"]
    else:
        assert "No model has “%”" in page.main.text
        assert page.link("Clear search") == "?"


def test_leaves_prompts_out(browser, vision):
    make.registered_model(vision, "greet", tags={new_versions.IS_PROMPT: "true"})

    page = Page(browser.get(URL))

    assert "No model yet" in page.main.text
    assert page.links("Models")


def test_a_project_without_models_shows_the_lines_that_register_one(browser, vision):
    code = Page(browser.get(URL)).main.one("pre").exact

    assert 'mlflow.set_tracking_uri("http://testserver/p/vision")' in code
    assert 'mlflow.register_model("runs:/RUN_ID/model", "my-model")' in code


def test_many_come_in_pages(browser, vision):
    RegisteredModel.objects.bulk_create(
        RegisteredModel(project=vision, name=f"m{n:03}", created_ms=n, updated_ms=n)
        for n in range(120)
    )

    first = Page(browser.get(URL))
    second = Page(browser.get(URL + first.link("Next")))

    assert "1–100 of 120 models" in first.main.text
    assert (names(first)[0], names(second)[-1]) == ("m119", "m000")


@pytest.mark.parametrize("number", [1, 20])
def test_the_list_costs_the_same_for_one_or_many(
    browser, vision, candidate, number, django_assert_num_queries
):
    for place in range(number):
        model = make.registered_model(vision, f"m{place}")
        registry.set_alias(make.version(model, run_id=candidate.eid), "champion")
    browser.get(URL)

    # project, how many, page, newest, aliases, candidates, keys, their metrics
    with django_assert_num_queries(8):
        browser.get(URL)


def test_the_list_is_a_file_too(browser, versions):
    [row] = browser.get("/p/vision/models.json", {"q": "detector"}).json()

    assert row["name"] == "detector"
    assert (row["versions"], row["latest_version"]) == (3, 3)
    assert (row["aliases"], row["candidate"]) == ({"champion": 1}, 1)
    assert browser.get("/p/vision/models.json", {"q": "nothing"}).json() == []


# ---------------------------------------------------------------- a model


def test_a_model_shows_its_description_and_versions(browser, versions):
    page = Page(browser.get(URL + "detector/"))

    assert page.main.one("strong").text == "cats"
    assert page.column("Version") == ["v3", "v2", "v1"]
    assert page.column("Aliases") == ["", "", "champion"]
    assert page.column("From") == ["#1 r50", "", ""]
    assert page.link("v3") == f"{URL}detector/3/"


@pytest.mark.parametrize("name", ODD)
def test_an_address_carries_an_odd_name(browser, vision, name):
    make.version(make.registered_model(vision, name))

    page = Page(browser.get(URL))
    [address] = [a.attributes["href"] for a in page.main.all("a", class_="ename")]
    model = Page(browser.get(address))
    version = Page(browser.get(model.link("v1")))
    answer = browser.post(f"{model.link('v1')}alias/", {"alias": "champion"})

    assert address == f"{URL}{quote(name, safe=chr(39) + '&;')}/"
    words = " ".join(name.split())
    assert model.root.one("h1").text == words
    assert version.root.one("h1").text == f"{words} v1"
    assert browser.get(answer["Location"]).status_code == 200
    assert registry.aliased(registry.model(vision, name), "champion").version == 1


@pytest.mark.parametrize("number", [1, 30])
def test_a_model_costs_the_same_for_one_version_or_many(
    browser, detector, candidate, number, django_assert_num_queries
):
    for place in range(number):
        version = make.version(detector, run_id=candidate.eid)
        registry.set_alias(version, f"a{place}")
    browser.get(URL + "detector/")

    # project, model, how many, page, aliases, candidates, tags
    with django_assert_num_queries(7):
        browser.get(URL + "detector/")


def test_versions_come_in_pages(browser, detector):
    ModelVersion.objects.bulk_create(
        ModelVersion(model=detector, version=n, source="s", created_ms=n, updated_ms=n)
        for n in range(1, 131)
    )

    first = Page(browser.get(URL + "detector/"))
    second = Page(browser.get(URL + "detector/" + first.link("Next")))

    assert (names(first)[0], names(second)[-1]) == ("v130", "v1")


@pytest.mark.parametrize(
    "address",
    ["nothing/", "detector/9/", f"detector/{2**70}/", "detector/0/", "a%00b/"],
)
def test_what_is_not_there_is_not_found(browser, detector, address):
    assert browser.get(URL + address).status_code == 404
    assert browser.post(f"{URL}{address}delete/").status_code == 404


# ---------------------------------------------------------------- a version


def test_a_version_shows_where_it_came_from_and_how_to_load_it(
    browser, candidate, versions
):
    page = Page(browser.get(URL + "detector/3/"))

    code = page.main.one("pre").exact
    assert 'mlflow.pyfunc.load_model("models:/detector/3")' in code
    assert page.link("#1 r50") == "/p/vision/c/1/"
    words = page.main.text
    assert "val/acc 0.7500 max" in words and "lr 0.1" in words
    assert f"runs:/{candidate.eid}/model" in words
    assert f"{candidate.artifact_uri}/model" in words


def test_a_version_lists_the_files_that_are_kept_here(browser, vision, detector):
    sweep = make.experiment(vision, "sweep")
    logged = make.logged_model(sweep, name="net")
    keep(vision, f"{logged.eid}/artifacts/MLmodel", b"flavors: {}\n")
    keep(vision, f"{logged.eid}/artifacts/data/a b.bin", b"1234")
    make.version(detector, f"models:/{logged.eid}", model_id=logged.eid)

    page = Page(browser.get(URL + "detector/1/"))
    answer = browser.get(page.link("data/a b.bin"))

    assert page.link("MLmodel") == f"{URL}detector/1/files/MLmodel"
    assert b"".join(answer.streaming_content) == b"1234"
    assert answer["Content-Disposition"].startswith("attachment")
    assert browser.get(f"{URL}detector/1/files/nothing").status_code == 404


def test_the_files_are_only_those_below_the_version(browser, vision, candidate):
    keep(vision, f"{candidate.eid}/artifacts/model/MLmodel", b"{}")
    keep(vision, f"{candidate.eid}/artifacts/secret.txt", b"no")
    model = make.registered_model(vision, "net")
    make.version(model, f"runs:/{candidate.eid}/model", run_id=candidate.eid)

    page = Page(browser.get(URL + "net/1/"))

    assert page.links("MLmodel") and not page.links("secret.txt")
    for path in ("../secret.txt", "%2e%2e/secret.txt", "secret.txt", "a%00"):
        assert browser.get(f"{URL}net/1/files/{path}").status_code == 404


def keep(project, path, content):
    ingest.receive(paths.place(project, path), [content], size_bytes=len(content))


@pytest.mark.parametrize("number", [1, 10])
def test_a_version_costs_the_same_whatever_it_has(
    browser, vision, detector, candidate, number, django_assert_num_queries
):
    source = f"runs:/{candidate.eid}/model"
    version = make.version(detector, source, run_id=candidate.eid)
    for place in range(number):
        registry.set_alias(version, f"a{place}")
        registry.set_version_tag(version, f"t{place}", "x")
        keep(vision, f"{candidate.eid}/artifacts/model/{place}", b"{}")
    browser.get(URL + "detector/1/")

    # project, version, tags, aliases, candidate, owner of the files, files, params, metrics
    with django_assert_num_queries(9):
        browser.get(URL + "detector/1/")


@pytest.mark.parametrize(
    "source", ["s3://bucket/a", f"mlflow-artifacts:/1/{'0' * 32}/artifacts/m"]
)
def test_files_elsewhere_are_an_address(browser, vision, detector, source):
    make.version(detector)
    ModelVersion.objects.update(source=source, files_uri=source)

    page = Page(browser.get(URL + "detector/1/"))

    assert source in page.main.text
    assert "None are kept here." in page.main.text


def test_hostile_text_stays_text(browser, vision):
    name = HOSTILE.replace("/", "").replace(":", "")
    model = make.registered_model(
        vision, name, description=HOSTILE, tags={"key": HOSTILE}
    )
    make.version(
        model, description=HOSTILE, tags={HOSTILE: HOSTILE}, run_link="javascript:a()"
    )

    for address in (URL, f"{URL}{quote(name)}/", f"{URL}{quote(name)}/1/"):
        page = Page(browser.get(address))
        assert is_harmless(page)
        assert "javascript:" not in str([a.attributes for a in page.main.all("a")])


def test_a_candidate_leads_to_the_newest_version_that_came_from_it(
    browser, vision, candidate, versions
):
    first = Page(browser.get("/p/vision/c/1/"))
    make.version(make.registered_model(vision, "a b"), run_id=candidate.eid)
    elsewhere = make.registered_model(make.project("other"), "foreign")
    make.version(elsewhere, run_id=candidate.eid)
    page = Page(browser.get("/p/vision/c/1/"))

    assert first.link("detector v3") == f"{URL}detector/3/"
    assert page.link("a b v1") == f"{URL}a%20b/1/"
    assert "a b v1 and 1 more" in page.main.text
    assert "foreign" not in page.main.text


# ---------------------------------------------------------------- changes


@pytest.mark.parametrize("address", ["detector/", "detector/3/"])
def test_describes_and_tags(browser, vision, versions, address):
    url = URL + address

    browser.post(url + "describe/", {"note": "Now **dogs**."})
    browser.post(url + "tag/", {"key": "team", "value": "blue"})
    page = Page(browser.get(url))
    browser.post(url + "tag/", {"key": "team", "remove": "1"})
    after = Page(browser.get(url))

    assert page.main.one("strong").text == "dogs"
    assert page.root.one("textarea").text == "Now **dogs**."
    assert "team blue" in page.main.text
    assert "team blue" not in after.main.text


@pytest.mark.parametrize("address", ["detector/", "detector/3/"])
@pytest.mark.parametrize("key", ["mlflow.note", "", "a\0b", "x" * 251])
def test_says_why_a_tag_is_refused(browser, versions, address, key):
    answer = browser.post(f"{URL}{address}tag/", {"key": key, "value": "x"})

    assert "Key: " in Page(browser.get(answer["Location"])).root.text
    assert "Change tags" not in Page(browser.get(URL + address)).main.text


def test_moves_an_alias_and_says_from_where(browser, vision, versions):
    url = URL + "detector/3/"
    before = Page(browser.get(url))

    answer = browser.post(url + "alias/", {"alias": "champion"})

    assert "Move v1 → v3" in before.main.text
    page = Page(browser.get(answer["Location"]))
    assert "champion: v1 → v3" in page.root.text
    assert registry.aliased(versions[0].model, "champion").version == 3


def test_removes_an_alias_only_from_where_it_points(browser, versions, detector):
    browser.post(URL + "detector/3/alias/", {"alias": "champion", "remove": "1"})
    kept = detector.aliases.count()
    browser.post(URL + "detector/1/alias/", {"alias": "champion", "remove": "1"})

    assert (kept, detector.aliases.count()) == (1, 0)


@pytest.mark.parametrize("alias", ["", "a b", "latest", "v3", "a\0", "x" * 256])
def test_says_why_an_alias_is_refused(browser, versions, detector, alias):
    answer = browser.post(URL + "detector/3/alias/", {"alias": alias})

    page = Page(browser.get(answer["Location"]))
    assert page.root.one("div", class_="toast error").text
    assert [one.alias for one in detector.aliases.all()] == ["champion"]


def test_deletes_only_what_is_typed(browser, vision, versions, detector):
    refused = browser.post(URL + "detector/delete/", {"typed": "detectors"})
    said = Page(browser.get(refused["Location"])).root.text
    browser.post(URL + "detector/3/delete/", {"typed": "2"})
    kept = detector.versions.count()
    one = browser.post(URL + "detector/3/delete/", {"typed": "3"})
    left = detector.versions.count()
    whole = browser.post(URL + "detector/delete/", {"typed": " detector"})

    assert "Nothing is deleted" in said
    assert (kept, left) == (3, 2)
    assert one["Location"] == URL + "detector/"
    assert whole["Location"] == URL
    assert not RegisteredModel.objects.exists()


# ---------------------------------------------------------------- who may


def client(user):
    made = Client()
    made.force_login(user)
    return made


PAGES = ["", "detector/", "detector/1/"]
FORMS = [
    f"{page}{verb}/"
    for page in ("detector/", "detector/1/")
    for verb in ("describe", "tag", "delete", "alias")
    if (page, verb) != ("detector/", "alias")
]


@pytest.mark.parametrize("address", [*PAGES, "../models.json", "detector/1/files/a"])
def test_a_stranger_learns_nothing(team, versions, stranger, address):
    url = URL.replace("models/", "") + address[3:] if ".." in address else URL + address

    assert client(stranger).get(url).status_code == 404


@pytest.mark.parametrize("address", FORMS)
def test_a_form_is_for_writers(team, versions, stranger, reader, owner, address):
    url = URL + address

    assert client(stranger).post(url).status_code == 404
    assert client(reader).post(url).status_code == 403
    assert client(owner).post(url).status_code == 302
    assert client(owner).get(url).status_code == 405


@pytest.mark.parametrize("address", PAGES)
def test_a_reader_sees_no_form_of_a_writer(team, versions, reader, owner, address):
    def forms(user):
        page = Page(client(user).get(URL + address))
        return [f for f in page.main.all("form") if f.attributes["method"] == "post"]

    assert not forms(reader)
    assert bool(forms(owner)) == bool(address)
