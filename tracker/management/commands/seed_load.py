"""`manage.py seed_load`: very many candidates, to see what a size costs.

Rows go straight into their tables, a thousand candidates in a transaction, as though
scripts had logged them. Run it again and it goes on where it was stopped.
"""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.db import connection

from tracker import catalogue, lifecycle, tallies
from tracker.management.command import ReadyCommand
from tracker.management.load import Load, Size
from tracker.models import Experiment, Project

FEW = 20  # candidates of an experiment beside
BAR_CHARS = 30
SECONDS_BETWEEN_LINES = 15


class Command(ReadyCommand):
    help = "Fill an experiment with very many candidates, and some with long series."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", default="load", help="its slug")
        parser.add_argument("--experiment", default="", help="its name")
        parser.add_argument(
            "--candidates", type=int, default=10_000, help="how many there shall be"
        )
        parser.add_argument(
            "--beside", type=int, default=0, help="small experiments in the project"
        )
        parser.add_argument("--metrics", type=int, default=10, help="of each of them")
        parser.add_argument("--params", type=int, default=10, help="of each of them")
        parser.add_argument(
            "--keys", type=int, default=0, help="metric keys of all of them together"
        )
        parser.add_argument(
            "--repeats", type=int, default=1, help="of the same params but for `seed`"
        )
        parser.add_argument(
            "--long", type=int, default=0, help="candidates with a long series `curve`"
        )
        parser.add_argument(
            "--points", type=int, default=1_000_000, help="points of a long series"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["experiment"] or f"load-{options['candidates']}"
        size = Size(
            *(options[name] for name in ("metrics", "params", "keys", "repeats"))
        )
        load = Load(self.experiment(options["project"], name), size)
        self.watch(load.candidates(options["candidates"]), "candidates")
        self.watch(load.curves(options["long"], options["points"]), "points")
        for number in range(options["beside"]):
            small = self.experiment(options["project"], f"small-{number + 1}")
            list(Load(small).candidates(FEW))
        self.stdout.write("Gathering statistics, and counting keys…")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # or the counting would be planned for no rows
        catalogue.count(load.experiment)
        tallies.count(load.experiment)
        self.stdout.write(
            f"Done: /p/{options['project']}/experiments/{load.experiment.iid}/"
        )

    def experiment(self, slug: str, name: str) -> Experiment:
        project = Project.objects.filter(slug=slug).first()
        project = project or lifecycle.create_project(slug)
        found = Experiment.objects.filter(project=project, name=name).first()
        return found or lifecycle.create_experiment(project, name)

    def watch(self, progress: Any, what: str) -> None:
        """Show how far it is: a bar on a terminal, now and then a line elsewhere."""
        is_terminal = sys.stderr.isatty()
        began, first, shown = time.monotonic(), None, 0.0
        for done, wanted in progress:
            first = done if first is None else first
            now = time.monotonic()
            if (
                not is_terminal
                and done < wanted
                and now - shown < SECONDS_BETWEEN_LINES
            ):
                continue
            shown = now
            rate = (done - first) / max(now - began, 0.001)
            left = (wanted - done) / rate / 60 if rate else 0
            bar = "█" * (BAR_CHARS * done // max(wanted, 1))
            line = (
                f"{bar:░<{BAR_CHARS}} {done:,} of {wanted:,} {what},"
                f" {rate:,.0f} a second, {left:.0f} min left"
            )
            self.stderr.write(
                f"\r{line}" if is_terminal else line, ending="" if is_terminal else "\n"
            )
        if is_terminal and shown:
            self.stderr.write("")
