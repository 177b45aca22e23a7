"""The project itself, written through the verbs that scripts and people use."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from random import Random

from tracker import inputs, lifecycle, new_versions, recording, registry
from tracker.inputs import DatasetInput
from tracker.management.demo import files, kept
from tracker.management.demo.training import STEEPEST, Setup, Training, machine
from tracker.models import (
    Candidate,
    Experiment,
    LoggedModel,
    Project,
    Status,
    Visibility,
)
from tracker.recording import Point

SLUG = "demo"
SEED = 2048
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
STEP_MS = 21_000  # an epoch

NOTE = "mlflow.note.content"
PEOPLE = {"ada": "Ada Okafor", "jun": "Jun Watanabe", "lea": "Léa Moreau"}
REPOSITORY = "https://gitlab.example.com/vision/resnets"

DESCRIPTION = """\
What a small vision team logged in a fortnight: a **sweep** over three seeds, a nested \
**search**, a **grid** on the iris flowers, and **nightly** trainings out of CI.

Made by `make demo`; nothing of it was ever trained.
"""

Say = Callable[[str], object]


class World:
    """Always the same world for the same seed, apart from the time it ends at."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.chance = Random(SEED)  # noqa: S311  (a sample, not a secret)
        self.now_ms = time.time_ns() // 1_000_000
        self.project = lifecycle.create_project(
            SLUG,
            name="Demo",
            description=DESCRIPTION,
            visibility=Visibility.INTERNAL,
        )

    def build(self) -> Project:
        self.sweep()
        self.search()
        self.grid()
        self.nightly()
        return self.project

    # ------------------------------------------------------------ the sweep

    def sweep(self) -> None:
        experiment = self.experiment(
            "resnet-sweep",
            "Learning rate, depth and batch size of residual networks on CIFAR-10,"
            " each with **three seeds**.\n\n"
            "- Above a learning rate of 0.8 every training diverges.\n"
            "- Depth 50 wins, at twice the time of depth 34.\n",
            {"team": "vision", "stage": "exploration"},
        )
        setups = [
            Setup(lr=lr, depth=depth, batch_size=batch, seed=seed)
            for lr, depth, batch, seed in product(
                (0.01, 0.03, 0.1, 0.3, 1.0), (18, 50), (128, 256), (1, 2, 3)
            )
        ]
        begun = self.now_ms - 12 * DAY
        best: tuple[float, Candidate] | None = None
        trained: list[tuple[float, LoggedModel]] = []
        for number, setup in enumerate(setups):
            candidate = self.train(
                experiment, setup, started_ms=begun + number * 4 * HOUR, number=number
            )
            score = setup.ceiling
            # The first ones all: people open these first.
            if number < 3 or (setup.seed == 1 and setup.lr < STEEPEST):
                made = kept.training(self.chance, candidate, setup)
                if setup.seed == 1 and setup.depth == 50 and setup.batch_size == 128:
                    trained.append((score, made))
            if best is None or score > best[0]:
                best = (score, candidate)
            if number % 20 == 19:
                self.say(f"  resnet-sweep: {number + 1} of {len(setups)} candidates")
        assert best
        recording.set_tags(
            best[1],
            {
                NOTE: "The one to beat. Seeds 2 and 3 are within 0.004, so the lead over"
                " depth 18 is no accident.\n\nNext: the same with label smoothing.",
                "verdict": "baseline",
            },
        )
        self.unusual_endings(experiment)
        self.registry(trained)

    def registry(self, trained: list[tuple[float, LoggedModel]]) -> None:
        """The models of growing learning rate, each better than the one before, as
        versions; the last of them is still tried out."""
        model = registry.register(
            self.project,
            "resnet-cifar10",
            description="Tells the ten classes of CIFAR-10 apart.\n\n"
            "A version becomes **champion** after a week as challenger.",
            tags={"task": "image classification", "team": "vision"},
        )
        rising = [trained[0]]
        for one in trained:
            if one[0] > rising[-1][0]:
                rising.append(one)
        for accuracy, made in rising:
            version = new_versions.add(
                model,
                f"models:/{made.eid}",
                run_id=made.source_run_id,
                model_id=made.eid,
                description=f"Validation accuracy {accuracy:.3f}.",
                user_id="ada",
                tags={"approved by": "lea"} if made is not rising[-1][1] else {},
            )
            registry.set_alias(version, "challenger")
            if made is not rising[-1][1]:
                registry.set_alias(version, "champion")
        self.say(f"  resnet-cifar10: a model in {len(rising)} versions")

    def unusual_endings(self, experiment: Experiment) -> None:
        """One that trains right now, one that somebody stopped, one that was deleted."""
        setup = Setup(lr=0.1, depth=34, batch_size=128, seed=4)
        running = self.train(
            experiment,
            setup,
            started_ms=self.now_ms - 120 * STEP_MS,
            number=60,
            ending=(Status.RUNNING, 120),
        )
        kept.samples(self.chance, running, (0, 50, 100))
        stopped = self.train(
            experiment,
            replace(setup, augment=False, seed=5),
            started_ms=self.now_ms - 9 * HOUR,
            number=61,
            ending=(Status.KILLED, 88),
        )
        recording.set_tags(stopped, {NOTE: "Stopped: forgot to turn augmentation on."})
        mistaken = self.train(
            experiment,
            replace(setup, seed=6),
            started_ms=self.now_ms - 10 * HOUR,
            number=62,
            ending=(Status.FAILED, 3),
        )
        lifecycle.delete_candidate(mistaken)

    def train(
        self,
        experiment: Experiment,
        setup: Setup,
        *,
        started_ms: int,
        number: int,
        ending: tuple[Status, int] | None = None,
    ) -> Candidate:
        """One training of the sweep, started by a CI job."""
        training = Training(setup, self.chance)
        status, steps = ending or training.ending()
        candidate = lifecycle.create_candidate(
            experiment,
            name=f"resnet{setup.depth}-lr{setup.lr:g}-b{setup.batch_size}-s{setup.seed}",
            user_id=self.person(number),
            started_ms=started_ms,
            tags={"arch": "resnet", **self.origin(number, "train.py")},
        )
        points = list(training.points(started_ms, STEP_MS, steps))
        ended_ms = started_ms + (steps + 1) * STEP_MS
        if number % 4 == 0:
            points += machine(self.chance, started_ms, ended_ms)
        recording.log_batch(candidate, metrics=points, params=setup.params)
        inputs.log_inputs(candidate, datasets=CIFAR)
        self.end(candidate, status, ended_ms)
        return candidate

    # ------------------------------------------------------------ the search

    def search(self) -> None:
        """A parent and its 24 trials, as `start_run(nested=True)` makes them."""
        experiment = self.experiment(
            "resnet-search",
            "Random search around the best of the sweep. The parent holds the summary.",
            {"team": "vision"},
        )
        started_ms = self.now_ms - 2 * DAY
        parent = lifecycle.create_candidate(
            experiment,
            name="random-search",
            user_id="lea",
            started_ms=started_ms,
            tags=self.origin(70, "search.py"),
        )
        trials: list[tuple[float, Setup]] = []
        for number in range(24):
            setup = Setup(
                lr=round(10 ** self.chance.uniform(-2, -0.3), 5),
                depth=self.chance.choice((18, 34, 50)),
                batch_size=self.chance.choice((64, 128, 256)),
                weight_decay=round(10 ** self.chance.uniform(-5, -3), 7),
                optimizer=self.chance.choice(("sgd", "adamw")),
                seed=number,
            )
            accuracy = self.trial(experiment, parent, setup, number, started_ms)
            trials.append((accuracy, setup))
        accuracy, best = max(trials, key=lambda trial: trial[0])
        recording.log_batch(
            parent,
            metrics=[Point("best/acc", accuracy, self.now_ms, 0)],
            params={
                f"best_{name}": best.params[name]
                for name in ("lr", "depth", "batch_size", "optimizer")
            },
        )
        rows = [{**setup.params, "val/acc": accuracy} for accuracy, setup in trials]
        kept.keep(parent, "trials.csv", files.table(rows))
        self.end(parent, Status.FINISHED, started_ms + 26 * HOUR)
        self.say("  resnet-search: a parent and 24 children")

    def trial(
        self,
        experiment: Experiment,
        parent: Candidate,
        setup: Setup,
        number: int,
        started_ms: int,
    ) -> float:
        begun = started_ms + number * HOUR
        training = Training(setup, self.chance)
        child = lifecycle.create_candidate(
            experiment,
            name=f"trial-{number:02}",
            user_id="lea",
            started_ms=begun,
            tags={recording.PARENT: parent.eid, "mlflow.user": "lea"},
        )
        # Trials that look hopeless after a fifth are given up.
        steps = 40 if setup.ceiling < 0.9 else 80
        points = list(training.points(begun, STEP_MS, steps))
        recording.log_batch(child, metrics=points, params=setup.params)
        self.end(child, Status.FINISHED, begun + steps * STEP_MS)
        return max(point.value for point in points if point.key == "val/acc")

    # ------------------------------------------------------------ the grid

    def grid(self) -> None:
        """What `mlflow.autolog()` writes for a grid search in scikit-learn."""
        experiment = self.experiment(
            "iris-grid",
            "Support vector machines and forests on the iris flowers, by autologging.",
            {"team": "onboarding"},
        )
        grid = [
            {"estimator": "SVC", "C": f"{c:g}", "kernel": kernel}
            for c, kernel in product((0.1, 1, 10, 100), ("linear", "rbf", "poly"))
        ] + [
            {
                "estimator": "RandomForestClassifier",
                "n_estimators": str(trees),
                "max_depth": str(depth),
            }
            for trees, depth in product((10, 50, 200), (2, 4, 8))
        ]
        for number, params in enumerate(grid):
            started_ms = self.now_ms - 5 * DAY + number * MINUTE
            candidate = lifecycle.create_candidate(
                experiment,
                name=f"{params['estimator'].lower()}-{number:02}",
                user_id="jun",
                started_ms=started_ms,
                tags={
                    "mlflow.user": "jun",
                    "mlflow.autologging": "sklearn",
                    "mlflow.source.name": "iris.ipynb",
                    "mlflow.source.type": "NOTEBOOK",
                    "estimator_name": params["estimator"],
                },
            )
            score = min(0.99, 0.94 + self.chance.gauss(0.012, 0.015))
            scores = {
                "cv_mean_score": score,
                "cv_std_score": abs(self.chance.gauss(0.02, 0.008)),
                "training_accuracy_score": min(1.0, score + 0.02),
                "training_f1_score": min(1.0, score + 0.018),
                "fit_seconds": abs(self.chance.gauss(0.08, 0.03)),
            }
            recording.log_batch(
                candidate,
                metrics=[
                    Point(key, round(value, 5), started_ms + 800, 0)
                    for key, value in scores.items()
                ],
                params=params,
            )
            inputs.log_inputs(candidate, datasets=IRIS)
            if number % 7 == 0:
                kept.model(candidate, "model", flavor="sklearn", params=params)
            self.end(candidate, Status.FINISHED, started_ms + 1_200)
        self.say(f"  iris-grid: {len(grid)} candidates")

    # ------------------------------------------------------------ the nightly

    def nightly(self) -> None:
        """The same training every night; on the ninth, a commit makes it worse."""
        experiment = self.experiment(
            "nightly",
            "The main branch, trained each night by CI.",
            {"team": "vision", "owner": "ci"},
        )
        for night in range(14):
            started_ms = self.now_ms - (14 - night) * DAY + 2 * HOUR
            is_worse = 8 <= night <= 10
            candidate = lifecycle.create_candidate(
                experiment,
                name=f"nightly-{night + 1:02}",
                user_id="ci",
                started_ms=started_ms,
                tags=self.origin(200 + night, "nightly.py", branch="main"),
            )
            accuracy = 0.917 + 0.0012 * night - 0.031 * is_worse
            accuracy += self.chance.gauss(0, 0.0015)
            recording.log_batch(
                candidate,
                metrics=[
                    Point("test/acc", round(accuracy, 4), started_ms + 70 * MINUTE, 0),
                    Point(
                        "images_per_second",
                        round(2_900 + self.chance.gauss(0, 60), 1),
                        started_ms + 70 * MINUTE,
                        0,
                    ),
                ],
                params={"config": "configs/nightly.yaml", "epochs": "90"},
            )
            if night == 8:
                recording.set_tags(
                    candidate,
                    {NOTE: "Three points down: the new augmentation crops too much."},
                )
            matrix = files.confusions(self.chance, accuracy)
            kept.keep(
                candidate, "plots/confusion_matrix.png", files.confusion_matrix(matrix)
            )
            kept.keep(candidate, "reports/per_class.csv", files.report(matrix))
            self.end(candidate, Status.FINISHED, started_ms + 71 * MINUTE)
        self.say("  nightly: 14 candidates")

    # ------------------------------------------------------------ parts of all of them

    def experiment(self, name: str, note: str, tags: dict[str, str]) -> Experiment:
        return lifecycle.create_experiment(
            self.project, name, tags={NOTE: note, **tags}
        )

    def person(self, number: int) -> str:
        return list(PEOPLE)[number % len(PEOPLE)]

    def origin(self, number: int, script: str, *, branch: str = "") -> dict[str, str]:
        """The tags of a candidate that a GitLab job trained, as its script copies them."""
        user = self.person(number)
        commit = f"{Random(number // 3).getrandbits(160):040x}"  # noqa: S311  (a sample)
        change = 310 + number // 12
        branch = branch or f"sweep-{change}"
        tags = {
            "mlflow.user": user,
            "mlflow.source.name": script,
            "mlflow.source.type": "JOB",
            "mlflow.source.git.commit": commit,
            "mlflow.source.git.branch": branch,
            "mlflow.source.git.repoURL": f"{REPOSITORY}.git",
            "gitlab.CI_SERVER_URL": "https://gitlab.example.com",
            "gitlab.CI_PROJECT_URL": REPOSITORY,
            "gitlab.CI_JOB_ID": str(880_100 + number),
            "gitlab.CI_JOB_NAME": f"train {number % 6 + 1}/6",
            "gitlab.CI_PIPELINE_ID": str(51_200 + number // 6),
            "gitlab.CI_COMMIT_SHA": commit,
            "gitlab.CI_COMMIT_REF_NAME": branch,
            "gitlab.GITLAB_USER_LOGIN": user,
            "gitlab.GITLAB_USER_NAME": PEOPLE[user],
        }
        if branch != "main":
            tags |= {
                "gitlab.CI_MERGE_REQUEST_IID": str(change),
                "gitlab.CI_MERGE_REQUEST_TITLE": "Sweep the learning rate",
            }
        return tags

    def end(self, candidate: Candidate, status: Status, ended_ms: int) -> None:
        if status != Status.RUNNING:
            lifecycle.update_candidate(candidate, status=status, ended_ms=ended_ms)


def dataset(name: str, digest: str, rows: int, context: str, url: str) -> DatasetInput:
    return DatasetInput(
        name=name,
        digest=digest,
        source_type="http",
        source=f'{{"url": "{url}"}}',
        schema='{"mlflow_colspec": [{"type": "long", "name": "label", "required": true}]}',
        profile=f'{{"num_rows": {rows}}}',
        tags={"mlflow.data.context": context},
    )


CIFAR = [
    dataset(
        "cifar10-train", "3f8a20c1", 50_000, "train", "https://example.com/cifar10"
    ),
    dataset("cifar10-val", "90bd47e5", 10_000, "eval", "https://example.com/cifar10"),
]
IRIS = [dataset("iris", "d41c5a7e", 150, "train", "https://example.com/iris.csv")]
