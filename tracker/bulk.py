"""Doing one thing to many candidates, and undoing it.

What is to be done is a row first, with the candidates that it is about: so a long one is
a job that a worker may take up where another was killed, and Undo touches what was
changed and nothing else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from tracker import jobs, many, recording, registering, registry
from tracker.errors import Conflict, Invalid, NotFound, TrackerError
from tracker.keys import MAX_TAG_CHARS
from tracker.models import (
    Action,
    Candidate,
    Experiment,
    Job,
    Project,
    Status,
    Tag,
    User,
)
from tracker.transactions import atomically

# More than this many are left to a worker.
AT_ONCE = 100
BATCH = 200
MAX_CANDIDATES = 20_000
UNDO_FOR = timedelta(days=30)

VERB = Action.Verb


class Prospect(NamedTuple):
    """What an action would do: how many it changes, and why it leaves others out."""

    ids: list[int]
    exclusions: list[str]


LOOKED_AT = (
    "pk", "status", "locked_at", "archived_at", "starred_at", "experiment",
)  # fmt: skip
# Why candidates are left out: a test, and what is said with their number in front.
LOCKED = (lambda c: c.is_locked, "locked and will be skipped")
UNLOCKED = (lambda c: not c.is_locked, "not locked")
RUNNING = (
    lambda c: c.status in (Status.RUNNING, Status.SCHEDULED),
    "not finished: only what has ended can be locked",
)
EXCLUDED: Mapping[str, Sequence[tuple[Callable[[Candidate], bool], str]]] = {
    VERB.DELETE: [LOCKED],
    VERB.MOVE: [LOCKED],
    VERB.TAG: [LOCKED],
    VERB.LOCK: [(lambda c: c.is_locked, "locked already"), RUNNING],
    VERB.UNLOCK: [UNLOCKED],
    VERB.ARCHIVE: [
        (lambda c: c.is_archived, "archived already"),
        (RUNNING[0], "not finished: only what has ended can be archived"),
    ],
    VERB.UNARCHIVE: [(lambda c: not c.is_archived, "not archived")],
    VERB.STAR: [(lambda c: c.is_starred, "starred already")],
    VERB.UNSTAR: [(lambda c: not c.is_starred, "not starred")],
}


def prospect(verb: str, candidates: QuerySet[Candidate]) -> Prospect:
    """Look before the leap. Raises Invalid for more than an action may touch."""
    chosen = list(candidates.order_by("pk").only(*LOOKED_AT)[: MAX_CANDIDATES + 1])
    if len(chosen) > MAX_CANDIDATES:
        raise Invalid(
            f"At most {MAX_CANDIDATES:,} candidates can be changed at once; narrow the"
            " filter."
        )
    exclusions = []
    if verb == VERB.REGISTER:
        sources = registering.sources_of([candidate.pk for candidate in chosen])
        if number := sum(candidate.pk not in sources for candidate in chosen):
            have = "has" if number == 1 else "have"
            exclusions.append(f"{number:,} {have} no logged model")
        chosen = [candidate for candidate in chosen if candidate.pk in sources]
    for is_out, words in EXCLUDED.get(verb, ()):
        if number := sum(map(is_out, chosen)):
            exclusions.append(f"{number:,} {'is' if number == 1 else 'are'} {words}")
            chosen = [candidate for candidate in chosen if not is_out(candidate)]
    return Prospect([candidate.pk for candidate in chosen], exclusions)


@atomically
def start(
    verb: str,
    project: Project,
    ids: Sequence[int],
    *,
    asked_by: User | None,
    arguments: Mapping[str, Any] | None = None,
) -> tuple[Action, Job | None]:
    """Do it now, or hand it to a worker where there are many.

    Raises Invalid for arguments that make no sense.
    """
    check(verb, project, arguments or {})
    action = Action.objects.create(
        project=project,
        asked_by=asked_by,
        verb=verb,
        arguments=dict(arguments or {}),
        candidates=sorted(ids),
    )
    if len(ids) > AT_ONCE:
        return action, later(work, action, f"{action}")
    carry_out(action, action.candidates)
    finish(action)
    return action, None


@atomically
def undo(action: Action, *, asked_by: User | None) -> Job | None:
    """Put back what it changed. Raises Conflict where that was done, or is too late."""
    if action.done_at is None:
        raise Conflict("It is still being done. Undo it when it has ended.")
    if action.created_at < timezone.now() - UNDO_FOR:
        raise Conflict("It was done more than 30 days ago and cannot be undone.")
    claimed = Action.objects.filter(pk=action.pk, undone_at=None)
    if not claimed.update(undone_at=timezone.now()):
        raise Conflict("It is undone already.")
    action.undone_at = timezone.now()
    if len(action.candidates) > AT_ONCE:
        return later(work_back, action, f"Undo: {action}", asked_by=asked_by)
    put_back(action, list(action.before))
    return None


def check(verb: str, project: Project, arguments: Mapping[str, Any]) -> None:
    if verb == VERB.MOVE:
        target(project, arguments)
    if verb == VERB.REGISTER:
        registry.check_name(arguments["name"], "name")
    if verb == VERB.TAG:
        if not arguments["key"].strip() or len(arguments["key"]) > 250:
            raise Invalid("A tag needs a name of at most 250 characters.")
        if len(arguments["value"]) > MAX_TAG_CHARS:
            raise Invalid(f"A tag's value has at most {MAX_TAG_CHARS:,} characters.")


def target(project: Project, arguments: Mapping[str, Any]) -> Experiment:
    found = Experiment.objects.alive().filter(project=project, iid=arguments["to"])
    experiment = found.first()
    if experiment is None:
        raise Invalid("Choose an experiment of this project to move them to.")
    return experiment


# ---------------------------------------------------------------- doing


@atomically
def carry_out(action: Action, ids: Sequence[int]) -> None:
    """Change these, and write down what was there. Again is nothing."""
    before: Mapping[int, Any]
    match action.verb:
        case VERB.DELETE:
            before = dict.fromkeys(many.delete(ids), True)
        case VERB.LOCK:
            before = dict.fromkeys(many.lock(ids), True)
        case VERB.UNLOCK:
            before = dict.fromkeys(many.unlock(ids), True)
        case VERB.ARCHIVE:
            before = dict.fromkeys(many.archive(ids), True)
        case VERB.UNARCHIVE:
            before = dict.fromkeys(many.unarchive(ids), True)
        case VERB.STAR:
            before = dict.fromkeys(many.star(ids), True)
        case VERB.UNSTAR:
            before = dict.fromkeys(many.unstar(ids), True)
        case VERB.MOVE:
            before = many.move(ids, target(action.project, action.arguments))
        case VERB.REGISTER:
            name, by = action.arguments["name"], action.arguments["by"]
            before = registering.register(action.project, ids, name, by=by)
        case VERB.TAG:
            before = tag(ids, action.arguments["key"], action.arguments["value"])
        case _:
            raise AssertionError(action.verb)
    remember(action, before)


def remember(action: Action, before: Mapping[int, Any]) -> None:
    action.before |= {str(pk): value for pk, value in before.items()}
    action.save(update_fields=["before"])


def finish(action: Action) -> None:
    action.done_at = timezone.now()
    action.save(update_fields=["done_at"])


def tag(ids: Iterable[int], key: str, value: str) -> dict[int, str | None]:
    """Set a tag; returns what each one had there. Those that refuse stay as they were."""
    chosen = list(Candidate.objects.filter(pk__in=list(ids)).order_by("pk"))
    had = dict(
        Tag.objects.filter(candidate__in=chosen, key=key).values_list(
            "candidate", "value"
        )
    )
    before = {}
    for candidate in chosen:
        try:
            recording.log_batch(candidate, tags={key: value}, by_script=False)
        except TrackerError:  # deleted or locked since somebody looked
            continue
        before[candidate.pk] = had.get(candidate.pk)
    return before


# ---------------------------------------------------------------- undoing


@atomically
def put_back(action: Action, keys: Sequence[str]) -> None:
    before = {int(key): action.before[key] for key in keys}
    match action.verb:
        case VERB.DELETE:
            many.restore(before)
        case VERB.LOCK:
            many.unlock(before)
        case VERB.UNLOCK:
            many.lock(before)
        case VERB.ARCHIVE:
            many.unarchive(before)
        case VERB.UNARCHIVE:
            many.archive(before)
        case VERB.STAR:
            many.unstar(before)
        case VERB.UNSTAR:
            many.star(before)
        case VERB.MOVE:
            for pk in sorted(set(before.values())):
                old = Experiment.objects.filter(pk=pk, deleted_at=None).first()
                if old:
                    many.move([c for c, e in before.items() if e == pk], old)
        case VERB.REGISTER:
            registering.take_back(action.project, action.arguments["name"], before)
        case VERB.TAG:
            untag(before, action.arguments["key"])


def untag(before: Mapping[int, str | None], key: str) -> None:
    for candidate in Candidate.objects.filter(pk__in=list(before)).order_by("pk"):
        value = before[candidate.pk]
        try:
            if value is None:
                recording.delete_tag(candidate, key)
            else:
                recording.log_batch(candidate, tags={key: value}, by_script=False)
        except (NotFound, Invalid, Conflict):  # changed by somebody since
            continue


# ---------------------------------------------------------------- as jobs


def later(
    kind: jobs.Kind,
    action: Action,
    title: str,
    *,
    asked_by: User | None = None,
) -> Job:
    return jobs.enqueue(
        kind,
        title,
        project=action.project,
        asked_by=asked_by or action.asked_by,
        arguments={"action": action.pk},
        once=f"{kind.name} {action.pk}",
    )


@jobs.kind("candidates.change")
def work(attempt: jobs.Attempt) -> str | jobs.Done | jobs.Again:
    action = found(attempt)
    if not in_batches(attempt, action, action.candidates, carry_out):
        return jobs.Again()
    finish(action)
    return jobs.Done(done(action), {"action": action.pk})


@jobs.kind("candidates.change_back")
def work_back(attempt: jobs.Attempt) -> str | jobs.Done | jobs.Again:
    action = found(attempt)
    if not in_batches(attempt, action, sorted(action.before), put_back):
        return jobs.Again()
    return "It is undone."


def found(attempt: jobs.Attempt) -> Action:
    action = Action.objects.filter(pk=attempt.arguments["action"]).first()
    if action is None:
        raise NotFound("What was to be done is gone, with its project.")
    return action


def in_batches(
    attempt: jobs.Attempt,
    action: Action,
    ids: Sequence[Any],
    do: Callable[[Action, Sequence[Any]], None],
) -> bool:
    """Whether all is done; false when this round is over."""
    start = attempt.remembered.get("at", 0)
    for place in range(start, len(ids), BATCH):
        do(action, ids[place : place + BATCH])
        attempt.remembered["at"] = place + BATCH
        attempt.progress(min(place + BATCH, len(ids)), len(ids))
        if attempt.is_over and place + BATCH < len(ids):
            return False
    return True


DONE = {
    VERB.DELETE: "in the trash",
    VERB.MOVE: "moved",
    VERB.TAG: "tagged",
    VERB.LOCK: "locked",
    VERB.UNLOCK: "unlocked",
    VERB.REGISTER: "registered",
    VERB.ARCHIVE: "archived",
    VERB.UNARCHIVE: "back from the archive",
    VERB.STAR: "starred",
    VERB.UNSTAR: "no longer starred",
}


def done(action: Action) -> str:
    """A sentence that says what came of it."""
    number = len(action.before)
    if number == 0:
        return "Nothing was changed."
    one = "candidate is" if number == 1 else "candidates are"
    where = ""
    if action.verb == VERB.MOVE:
        name = target_name(action)
        where = f" to {name}" if name else ""
    if action.verb == VERB.REGISTER:
        where = f" as versions of {action.arguments['name']}"
    return f"{number:,} {one} {DONE[VERB(action.verb)]}{where}."


def target_name(action: Action) -> str:
    rows = Experiment.objects.filter(
        project=action.project_id, iid=action.arguments["to"]
    )
    return rows.values_list("name", flat=True).first() or ""
