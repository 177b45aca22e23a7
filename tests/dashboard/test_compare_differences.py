"""What differs between candidates: the table and the sentence above it."""

import math

from tests import make
from tests.dashboard.compare_page import PATH, compare, curve, differences, sentence
from tests.dashboard.reading import Page
from tracker.models import Dataset, DatasetUse


class TestDifferences:
    def test_come_first_and_fold_what_is_equal(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "0.1", "epochs": "90"})
        b = make.candidate(sweep, params={"lr": "0.2", "epochs": "90"})

        page = compare(browser, a, b)

        assert differences(page)["lr"] == ["0.1", "0.2"]
        assert "epochs" not in differences(page)
        assert "1 equal row folded." in page.main.text
        everything = Page(browser.get(PATH + page.link("Show it")))
        assert differences(everything)["epochs"] == ["90", "90"]

    def test_give_deltas_to_the_baseline_and_name_the_best(self, browser, sweep):
        a = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9212]))
        b = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9312, 0.9]))
        c = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9112]))

        page = compare(browser, a, b, c)

        assert differences(page)["val/acc max"] == [
            "0.9212",
            "best: 0.9312 +0.0100 better than the baseline",
            "0.9112 −0.0100 worse than the baseline",
        ]

    def test_a_loss_is_better_when_it_falls(self, browser, sweep):
        a = make.candidate(sweep, metrics={"loss": 0.5})
        b = make.candidate(sweep, metrics={"loss": 0.25})

        cells = differences(compare(browser, a, b))["loss"]

        assert cells == ["0.5000", "best: 0.2500 −0.2500 better than the baseline"]

    def test_judge_nothing_where_better_is_not_known(self, browser, sweep):
        a = make.candidate(sweep, metrics={"weight": 1.0})
        b = make.candidate(sweep, metrics={"weight": 2.5})

        assert differences(compare(browser, a, b))["weight"] == ["1", "2.500 +1.500"]

    def test_the_baseline_can_be_another_or_none(self, browser, sweep):
        a = make.candidate(sweep, metrics={"acc": 0.5})
        b = make.candidate(sweep, metrics={"acc": 0.75})

        other = differences(compare(browser, a, b, b=b.iid))["acc"]
        none = differences(compare(browser, a, b, b=0))["acc"]

        assert other[0].startswith("0.5000 −0.2500")
        assert none == ["0.5000", "best: 0.7500"]

    def test_say_what_was_never_logged(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "0.1"}, metrics={"acc": math.nan})
        b = make.candidate(sweep, metrics={"loss": 1.0})

        cells = differences(compare(browser, a, b))

        assert cells["lr"] == ["0.1", "– not logged"]
        assert cells["acc"] == ["NaN", "– not logged"]

    def test_tell_commits_and_data_apart(self, browser, sweep):
        a = make.candidate(sweep, tags={"mlflow.source.git.commit": "77ab0e1" * 5})
        b = make.candidate(sweep, tags={"mlflow.source.git.commit": "4f1c2ab" * 5})
        for candidate, digest in ((a, "91ac"), (b, "b20f")):
            dataset = Dataset.objects.create(
                experiment=sweep,
                name="labels",
                digest=digest,
                source_type="x",
                source="",
            )
            DatasetUse.objects.create(candidate=candidate, dataset=dataset)

        cells = differences(compare(browser, a, b))

        assert cells["commit"] == ["77ab0e17", "4f1c2ab4"]
        assert cells["data"] == ["labels 91ac", "labels b20f"]

    def test_turn_where_there_are_many(self, browser, sweep):
        made = [make.candidate(sweep, params={"lr": str(n)}) for n in range(9)]

        page = compare(browser, *made)
        turned_back = compare(browser, *made, flip="0")

        assert len(page.root.one("tbody").all("tr")) == 9
        assert page.headings[1] == "lr"
        assert differences(turned_back)["lr"] == [str(n) for n in range(9)]

    def test_are_filtered_by_name(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "1", "seed": "1"})
        b = make.candidate(sweep, params={"lr": "2", "seed": "2"})

        assert list(differences(compare(browser, a, b, f="SEE"))) == ["seed"]

    def test_fold_long_values(self, browser, sweep):
        a = make.candidate(sweep, params={"prompt": "a" * 500})
        b = make.candidate(sweep, params={"prompt": "b" * 500})

        page = compare(browser, a, b)

        assert [d.one("pre").text for d in page.root.all("details", class_="long")] == [
            "a" * 500,
            "b" * 500,
        ]

    def test_stay_within_bounds(self, browser, sweep):
        made = [
            make.candidate(sweep, params={f"p{n}": f"{n}{m}" for n in range(150)})
            for m in range(2)
        ]

        page = compare(browser, *made)

        assert len(differences(page)) == 100
        assert "50 more; filter by name to find them" in page.main.text


class TestTheSentence:
    def test_counts_what_differs_and_names_the_best(self, browser, sweep):
        a = make.candidate(
            sweep,
            params={"lr": "1", "m": "r50"},
            metrics={"val/acc": 0.9212},
            tags={"mlflow.source.git.commit": "a" * 40},
        )
        b = make.candidate(
            sweep,
            params={"lr": "2", "m": "r101"},
            metrics={"val/acc": 0.9312},
            tags={"mlflow.source.git.commit": "b" * 40},
        )

        assert sentence(compare(browser, a, b)) == (
            f"They differ in 2 parameters and the commit. #{b.iid} has the best val/acc,"
            " 0.0100 above the baseline ."
        )

    def test_knows_repeats(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "1", "seed": "1"})
        b = make.candidate(sweep, params={"lr": "1", "seed": "2"})

        assert sentence(compare(browser, a, b)) == (
            "They differ only in the seed: these are repeats."
        )

    def test_knows_twins(self, browser, sweep):
        a, b = make.candidates(sweep, 2, params={"lr": "1"})

        assert "the same parameters, code and data" in sentence(compare(browser, a, b))
