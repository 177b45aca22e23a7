"""`manage.py check_artifacts`: do the rows and the stored bytes agree?"""

import sys
from argparse import ArgumentParser
from collections import defaultdict
from typing import Any

import click
from django.db.models import Sum

from artifacts import checking
from artifacts.checking import REPAIRABLE, SHOWN, TITLES, Finding, Problem, Seen
from artifacts.models import Artifact
from tracker.management.command import ReadyCommand

KILO = 1024


class Command(ReadyCommand):
    help = (
        "Compare the rows of all artifacts with the bytes in the storage: are they there,"
        " of the right size, with the right checksum, and is there nothing else? Ends with"
        " code 0 where all is well or was repaired, and with 1 where something is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="do what is safe: have strays swept, make thumbnails again, and let the"
            " pages of missing and damaged files say so; nothing is deleted here",
        )
        parser.add_argument(
            "--quick",
            action="store_true",
            help="compare names and sizes alone, without reading the bytes",
        )

    def handle(self, *args: Any, repair: bool, quick: bool, **options: Any) -> None:
        there = Artifact.objects.exclude(project=None)
        size_bytes = there.aggregate(all=Sum("size_bytes", default=0))["all"]
        number = Artifact.objects.count()
        findings: dict[Problem, list[Finding]] = defaultdict(list)
        seen = Seen("", 0, 0)
        with click.progressbar(
            length=max(1, number if quick else size_bytes),
            label="Checking",
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
        ) as bar:

            def see(now: Seen) -> None:
                nonlocal seen
                steps = (1, now.size_bytes - seen.size_bytes)
                seen = now
                bar.update(steps[0] if quick else steps[1])

            for finding in checking.check(checksums=not quick, see=see):
                findings[finding.problem].append(finding)
        self.report(seen, findings, quick=quick)
        left = sum(map(len, findings.values()))
        if repair:
            left -= self.repair(findings)
        elif findings:
            self.stdout.write("Run it with --repair to do what is safe.")
        if left:
            sys.exit(1)

    def report(
        self, seen: Seen, findings: dict[Problem, list[Finding]], *, quick: bool
    ) -> None:
        what = "names and sizes" if quick else "names, sizes and checksums"
        self.stdout.write(
            f"Checked {seen.rows:,} files, {human(seen.size_bytes)}: {what}."
        )
        if not findings:
            self.stdout.write("All is well.")
        for problem in Problem:
            found = findings.get(problem)
            if not found:
                continue
            size = human(sum(one.size_bytes for one in found))
            self.stdout.write(f"\n{len(found):,} {TITLES[problem]} ({size})")
            for one in found[:SHOWN]:
                self.stdout.write(f"  {one.name or one.blob}")
            if len(found) > SHOWN:
                self.stdout.write(f"  … and {len(found) - SHOWN:,} more")

    def repair(self, findings: dict[Problem, list[Finding]]) -> int:
        """How many findings are made good."""
        good = 0
        for problem, found in findings.items():
            repaired = sum(map(checking.repair, found))
            good += repaired
            self.stdout.write(f"{len(found):,} {problem}: {DONE[problem]}")
        return good


DONE = {
    problem: "the worker makes them whole again"
    if problem in REPAIRABLE
    else "their pages say so now"
    for problem in Problem
} | {Problem.STRAY: "the sweep removes them in an hour"}


def human(size_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < KILO:
            return f"{size_bytes:,.0f} {unit}"
        size_bytes /= KILO
    return f"{size_bytes:,.1f} TB"
