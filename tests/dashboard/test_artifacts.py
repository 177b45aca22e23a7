"""A candidate's files: the tree, previews that run nothing, and the bytes."""

import json
import re

import pytest

from artifacts import ingest, inspection, paths
from artifacts.models import Artifact
from tests import make
from tests.artifacts.test_archives import sound
from tests.artifacts.test_hostile import zipped
from tests.dashboard.reading import HOSTILE, Page, is_harmless

pytestmark = pytest.mark.usefixtures("storage")


DOCUMENT = "<svg onload=alert(1)><script>alert(1)</script></svg>"


@pytest.fixture
def candidate(vision):
    return make.candidate(make.experiment(vision, "sweep"))


def put(candidate, path, content=b"hello", *, is_inspected=True):
    data = content if isinstance(content, bytes) else content.encode()
    kept = ingest.receive(
        paths.Place(candidate, path), [data] if data else [], size_bytes=len(data)
    )
    if is_inspected:
        claimed = inspection.claim(kept.pk)
        if claimed:
            inspection.inspect(claimed)
    return Artifact.objects.get(pk=kept.pk)


def url(candidate, path="", part="artifacts"):
    return f"/p/vision/c/{candidate.iid}/{part}/{path}"


def read(response):
    """The whole body: what is not read would stay open."""
    return b"".join(response.streaming_content)


def tree(page):
    nav = page.root.one("nav", aria_label="Files")
    return [a.text for li in nav.all("li") for a in li.all("a")]


def shown(page):
    return page.root.all("div", class_="shown mt3")[0]


class TestTheTree:
    def test_lists_one_folder_with_counts_and_sizes(self, browser, candidate):
        put(candidate, "readme.txt", "12345")
        put(candidate, "plots/a.txt", "123")
        put(candidate, "plots/val/b.txt", "1234")

        page = Page(browser.get(url(candidate)))

        assert tree(page) == ["plots/ 2, 7 B", "readme.txt 5 B"]
        assert "3, 12 B" in page.main.text

    def test_opens_folder_by_folder(self, browser, candidate):
        put(candidate, "plots/val/b.txt")
        page = Page(browser.get(url(candidate)))
        plots = page.root.one("nav", aria_label="Files").all("a")[0].attributes["href"]

        inside = Page(browser.get(plots))

        assert tree(inside) == ["All files", "plots/", "val/ 1, 5 B"]

    def test_says_what_to_do_where_there_is_nothing(self, browser, candidate):
        assert "mlflow.log_artifact" in Page(browser.get(url(candidate))).main.text

    def test_filters_by_name(self, browser, candidate):
        put(candidate, "plots/roc.txt")
        put(candidate, "notes.txt")

        page = Page(browser.get(url(candidate), {"f": "ROC"}))

        assert tree(page) == ["All files", "plots/roc.txt 5 B"]

    def test_answers_404_for_what_is_not_there_and_shows_the_rest(
        self, browser, candidate
    ):
        put(candidate, "a.txt")

        response = browser.get(url(candidate, "nothing/here.txt"))

        assert response.status_code == 404
        assert "a.txt 5 B" in tree(Page(response))

    def test_costs_the_same_for_one_file_or_many(
        self, browser, candidate, django_assert_num_queries
    ):
        put(candidate, "a/b.txt")
        other = make.candidate(candidate.experiment)
        for number in range(30):
            put(other, f"a{number % 5}/b{number}.txt")
        browser.get(url(candidate))

        # project, candidate, family, baseline, the one before, count, folders, files,
        # totals, metrics, tags, models
        with django_assert_num_queries(12):
            browser.get(url(candidate))
        with django_assert_num_queries(12):
            browser.get(url(other))


class TestPreviews:
    def look(self, browser, candidate, path):
        return Page(browser.get(url(candidate, path)))

    def test_show_text(self, browser, candidate):
        put(candidate, "out.log", "line 1\nline 2\n")

        page = self.look(browser, candidate, "out.log")

        assert shown(page).one("pre").exact == "line 1\nline 2\n"

    def test_colour_code(self, browser, candidate):
        code = "def f():\n    return 'x'  # why\n"
        put(candidate, "train.py", code)

        pre = shown(self.look(browser, candidate, "train.py")).one("pre")

        assert pre.exact.strip() == code.strip()
        assert [s.text for s in pre.all("span", class_="c")] == ["# why"]

    def test_show_json(self, browser, candidate):
        put(candidate, "config.json", '{"a": [1, {"b": null}]}')

        pre = shown(self.look(browser, candidate, "config.json")).one("pre")

        assert json.loads(pre.exact) == {"a": [1, {"b": None}]}

    def test_show_tables(self, browser, candidate):
        put(candidate, "m.csv", "epoch,loss\n1,0.5\n2,0.25\n")

        table = shown(self.look(browser, candidate, "m.csv")).one("table")

        assert [th.text for th in table.all("th")] == ["epoch", "loss"]
        assert [td.text for td in table.all("td")] == ["1", "0.5", "2", "0.25"]

    def test_show_logged_tables(self, browser, candidate):
        table = {"columns": ["q", "a"], "data": [["one", 1], ["two", None]]}
        put(candidate, "eval.json", json.dumps(table))

        cells = shown(self.look(browser, candidate, "eval.json")).all("td")

        assert [td.text for td in cells] == ["one", "1", "two", ""]

    @pytest.mark.parametrize(
        "table",
        [
            {"columns": [], "data": []},
            {"columns": ["a"], "data": "x"},
            {"columns": 1, "data": [[1]]},
            {"columns": ["a"], "data": [1, 2]},
            {"columns": [{"x": 1}], "data": [[{"deep": [1]}], [1, 2, 3]]},
        ],
    )
    def test_bear_tables_that_are_none(self, browser, candidate, table):
        put(candidate, "t.json", json.dumps(table))

        assert browser.get(url(candidate, "t.json")).status_code == 200

    def test_draw_a_confusion_matrix(self, browser, candidate):
        put(candidate, "cm.csv", "label,cat,dog\ncat,50,3\ndog,4,60\n")

        shares = self.look(browser, candidate, "cm.csv")
        counts = self.look(browser, candidate, "cm.csv?unit=counts")

        said = [
            [
                cell.text
                for cell in page.main.one("table", class_="square").all("td")[1:]
            ]
            for page in (shares, counts)
        ]
        assert said == [["94.3", "5.7", "6.2", "93.8"], ["50", "3", "4", "60"]]
        assert "0.9402 on the diagonal" in shares.main.text
        assert shown(shares).one("table", class_="tbl sheet")

    def test_draw_importances(self, browser, candidate):
        put(candidate, "weights.csv", "feature,importance\nage,0.2\nheight,0.7\n")

        page = self.look(browser, candidate, "weights.csv")

        rows = page.main.one("table", class_="tbl weights").all("tr")[1:]
        assert [row.one("th").text for row in rows] == ["height", "age"]
        assert [row.one("progress").attributes["value"] for row in rows] == [
            "100",
            "29",
        ]

    def test_draw_a_curve(self, browser, candidate):
        put(candidate, "roc.csv", "fpr,tpr\n0,0\n0.1,0.8\n0.4,0.9\n1,1\n")

        page = self.look(browser, candidate, "roc.csv")

        drawn = page.main.one("figure", id="meaning").attributes["data-chart"]
        answer = browser.get(drawn).json()
        assert answer["figure"]["data"][0]["x"]
        assert "area" in json.dumps(answer)
        assert (
            page.main.one("img", class_="pic")
            .attributes["src"]
            .startswith("/p/vision/")
        )

    def test_show_markdown_without_scripts(self, browser, candidate):
        put(candidate, "card.md", "# Card\n\n**bold** <script>alert(1)</script>\n")

        page = self.look(browser, candidate, "card.md")

        assert shown(page).one("strong").text == "bold"
        assert not shown(page).all("script")

    def test_show_images(self, browser, candidate):
        put(candidate, "plots/roc.png", make.picture())

        page = self.look(browser, candidate, "plots/roc.png")

        img = shown(page).one("img")
        assert (img.attributes["width"], img.attributes["height"]) == ("40", "30")
        answer = browser.get(img.attributes["src"])
        assert answer["Content-Type"] == "image/png"
        assert read(answer) == make.picture()

    def test_show_only_the_beginning_of_a_big_file(self, browser, candidate):
        put(candidate, "big.txt", "0123456789\n" * 100_000)

        response = browser.get(url(candidate, "big.txt"))

        assert len(response.content) < 300_000
        assert "This is the beginning of the file." in Page(response).main.text

    @pytest.mark.parametrize("name", ["page.html", "x.svg"])
    def test_show_documents_in_a_frame_where_nothing_runs(
        self, browser, candidate, name
    ):
        put(candidate, name, DOCUMENT)

        page = self.look(browser, candidate, name)

        frame = shown(page).one("iframe").attributes
        assert frame["sandbox"] == ""
        document = browser.get(frame["src"])
        assert read(document) == DOCUMENT.encode()
        policy = document["Content-Security-Policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert "script-src" not in policy
        assert document["X-Frame-Options"] == "SAMEORIGIN"
        assert not shown(page).all("script")

    def test_run_a_documents_scripts_when_asked_and_out_of_reach(
        self, browser, candidate
    ):
        put(candidate, "page.html", DOCUMENT)
        link = self.look(browser, candidate, "page.html").link("Run them in the frame")

        page = Page(browser.get(f"{url(candidate, 'page.html')}{link}"))

        frame = shown(page).one("iframe").attributes
        assert frame["sandbox"] == "allow-scripts"
        document = browser.get(frame["src"])
        assert read(document) == DOCUMENT.encode()
        policy = document["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-scripts; default-src 'none'")
        assert "allow-same-origin" not in policy
        assert "connect-src" not in policy

    def test_show_what_a_document_is_made_of(self, browser, candidate):
        put(candidate, "page.html", DOCUMENT)
        link = self.look(browser, candidate, "page.html").link("Source")

        page = Page(browser.get(f"{url(candidate, 'page.html')}{link}"))

        assert not shown(page).all("iframe"), link
        assert shown(page).one("pre").exact == DOCUMENT

    def test_ask_before_a_large_document(self, browser, candidate):
        put(candidate, "page.html", f"<!doctype html>{'x' * 2_200_000}")

        page = self.look(browser, candidate, "page.html")
        asked = f"{url(candidate, 'page.html')}{page.link('Show it')}"

        assert not shown(page).all("iframe")
        assert shown(Page(browser.get(asked))).all("iframe")

    def test_say_when_a_file_was_not_looked_at_yet(self, browser, candidate):
        put(candidate, "new.png", make.picture(), is_inspected=False)

        page = self.look(browser, candidate, "new.png")

        assert "still looking at this file" in page.main.text
        assert not shown(page).all("img")

    def test_say_when_looking_failed(self, browser, candidate):
        kept = put(candidate, "a.bin", b"\0\1")
        Artifact.objects.filter(pk=kept.pk).update(state="failed", problem="Too odd.")

        page = self.look(browser, candidate, "a.bin")

        assert "This file could not be looked at. Too odd." in page.main.text

    def test_bear_an_empty_file(self, browser, candidate):
        put(candidate, "empty.txt", b"")

        assert (
            "The file is empty." in self.look(browser, candidate, "empty.txt").main.text
        )

    def test_hostile_names_stay_text(self, browser, candidate):
        name = "<img src=x onerror=alert(1)>\"'&%2e %.txt"
        put(candidate, name, HOSTILE)
        put(
            candidate, f"{name}/inside.csv".replace(".txt", ""), f'{HOSTILE},"b"\n1,2\n'
        )

        listing = Page(browser.get(url(candidate)))
        files = listing.root.one("nav", aria_label="Files").all("a")
        opened = [Page(browser.get(a.attributes["href"])) for a in files]

        for page in [listing, *opened]:
            assert is_harmless(page)
        assert any(HOSTILE in page.main.text for page in opened)


class TestGalleries:
    def test_show_the_images_of_a_folder(self, browser, candidate):
        put(candidate, "plots/a.png", make.picture())
        put(candidate, "plots/b.jpg", make.picture(form="JPEG"))
        put(candidate, "plots/c.txt")

        page = Page(browser.get(url(candidate, "plots")))

        thumbs = page.root.one("div", class_="thumbs")
        assert [a.text for a in thumbs.all("a")] == ["a.png", "b.jpg"]
        for img in thumbs.all("img"):
            answer = browser.get(img.attributes["src"])
            assert read(answer)
            assert answer["Content-Type"].startswith("image/")

    def test_order_logged_images_by_step(self, browser, candidate):
        for step in (1000, 0, 500):
            name = f"samples~dogs+step+{step}+timestamp+17000+0a-1b"
            put(candidate, f"images/{name}.png", make.picture())
            put(candidate, f"images/{name}+compressed.webp", make.picture(form="WEBP"))

        page = Page(browser.get(url(candidate, "images")))

        assert "samples/dogs" in [h.text for h in page.root.all("h2")]
        links = page.root.one("div", class_="thumbs").all("a")
        assert [a.text for a in links] == ["step 0", "step 500", "step 1 000"]
        opened = Page(browser.get(links[1].attributes["href"]))
        assert "samples/dogs, step 500" in opened.main.text
        assert opened.link("Previous") == links[0].attributes["href"]
        assert opened.link("Next") == links[2].attributes["href"]


class TestBytes:
    def test_are_a_download(self, browser, candidate):
        put(candidate, "model/a b.bin", b"\0\1\2")

        response = browser.get(url(candidate, "model/a b.bin", "raw"))

        assert read(response) == b"\0\1\2"
        assert response["Content-Disposition"].startswith("attachment")
        assert response["Content-Length"] == "3"

    @pytest.mark.parametrize("form", ["", "image", "thumbnail", "page"])
    @pytest.mark.parametrize("name", ["page.html", "x.svg", "x.png"])
    def test_never_run_on_our_origin(self, browser, candidate, name, form):
        # A page that nobody has looked at yet is a download like any other file.
        put(candidate, name, DOCUMENT, is_inspected=form != "page")

        response = browser.get(url(candidate, name, "raw"), {"as": form})

        assert b"onload" in read(response)
        assert response["Content-Disposition"].startswith("attachment")
        assert "sandbox" in response["Content-Security-Policy"]
        assert response["X-Content-Type-Options"] == "nosniff"

    def test_come_in_ranges(self, browser, candidate):
        put(candidate, "a.txt", "0123456789")

        response = browser.get(
            url(candidate, "a.txt", "raw"), headers={"Range": "bytes=2-4"}
        )

        assert response.status_code == 206
        assert read(response) == b"234"

    @pytest.mark.parametrize("path", ["nothing", "a", "%00", "..%2f..%2fetc/passwd"])
    def test_are_not_there_for_other_paths(self, browser, candidate, path):
        put(candidate, "a/b.txt")

        assert browser.get(url(candidate, path, "raw")).status_code == 404

    def test_are_not_there_in_another_project(self, browser, candidate):
        make.project("other")
        put(candidate, "a.txt")

        path = url(candidate, "a.txt", "raw").replace("/vision/", "/other/")

        assert browser.get(path).status_code == 404


def test_ids_are_used_once(browser, candidate):
    put(candidate, "a.csv", "a,b\n1,2\n")

    text = browser.get(url(candidate, "a.csv")).content.decode()

    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))


# ---------------------------------------------------------------- what the worker finds


def test_a_file_that_waits_asks_again_until_it_is_ready(browser, candidate):
    artifact = put(candidate, "plot.png", make.picture(), is_inspected=False)
    address = url(candidate, "plot.png")

    page = Page(browser.get(address))
    [body] = page.root.all("div", class_="file-body")
    assert body.attributes["hx-get"] == address
    assert "still looking at this file" in body.text

    inspection.inspect(inspection.claim(artifact.pk))
    part = browser.get(address, headers={"HX-Request": "true"})
    [body] = Page(part).root.all("div", class_="file-body")
    assert "hx-get" not in body.attributes
    assert body.one("img").attributes["src"].endswith("?as=image")
    assert b"<html" not in part.content


def test_a_file_that_failed_says_why_and_is_tried_again(browser, candidate):
    artifact = put(candidate, "plot.png", make.picture())
    Artifact.objects.update(state="failed", problem="It took longer than 60 seconds.")

    page = Page(browser.get(url(candidate, "plot.png")))
    [form] = page.main.all("form", action=url(candidate, "plot.png", "look-again"))
    assert "It took longer than 60 seconds." in page.main.text
    answer = browser.post(form.attributes["action"])

    assert answer["Location"] == url(candidate, "plot.png")
    artifact.refresh_from_db()
    assert (artifact.state, artifact.attempts) == ("pending", 0)


def test_an_archive_shows_its_list(browser, candidate):
    put(candidate, "all.zip", zipped([("a/<b>.txt", b"12345"), ("c", b"")]))

    page = Page(browser.get(url(candidate, "all.zip")))

    assert [cell.text for cell in shown(page).all("td")] == ["a/<b>.txt", "5", "c", "0"]
    assert "2 entries" in page.main.text


def test_a_notebook_shows_its_cells(browser, candidate):
    cells = [
        {"cell_type": "markdown", "source": ["# Study\n<script>alert(1)</script>"]},
        {"cell_type": "code", "source": "print('<b>')"},
    ]
    put(candidate, "study.ipynb", json.dumps({"nbformat": 4, "cells": cells}))

    answer = browser.get(url(candidate, "study.ipynb"))

    page = Page(answer)
    assert "Study" in shown(page).text
    assert "print('<b>')" in shown(page).exact
    assert "2 cells" in page.main.text
    assert b"<script>alert" not in answer.content


def test_a_sound_has_a_player(browser, candidate):
    put(candidate, "voice.wav", sound(seconds=3))

    page = Page(browser.get(url(candidate, "voice.wav")))
    [player] = page.main.all("audio")
    answer = browser.get(player.attributes["src"], headers={"Range": "bytes=0-3"})

    assert "3.0 s" in page.main.text
    assert (answer.status_code, read(answer)) == (206, b"RIFF")
    assert answer["Content-Type"] == "audio/wav"
    assert answer["Content-Disposition"].startswith("inline")
