"""How a script's candidate begins and ends where nothing is special: one statement each,
or on SQLite, where a statement is no journey, few.

Whoever needs more goes on to lifecycle's longer ways, and so does whatever is refused
here: they know why.
"""

import functools
from collections.abc import Mapping
from typing import Any

from django.db import connection

from tracker import ci, gathering, recording, rows
from tracker.database import vendor
from tracker.keys import MAX_TAG_CHARS
from tracker.models import Candidate, Counter
from tracker.points import Named
from tracker.transactions import patiently

# ---------------------------------------------------------------- the beginning


def begin(candidate: Candidate, tags: Mapping[str, str]) -> bool:
    """Insert a candidate that nobody knows yet, with its tags.

    Returns False, having changed nothing, where a tag has to be catalogued or tells of CI,
    and where its experiment is not what it was.
    """
    if recording.unseen(candidate.experiment_id, tags=tags) or ci.concerns(tags):
        return False
    if vendor() == "sqlite":
        return gathering.quickly(lambda: _begun(candidate, tags))
    return _begun_at_once(candidate, tags)


COUNT = """
    UPDATE tracker_counter SET last = last + 1
    WHERE project_id = %s AND kind = %s AND EXISTS (
        SELECT 1 FROM tracker_experiment WHERE id = %s AND deleted_at IS NULL
    ) RETURNING last
"""
TAG = ["candidate_id", "experiment_id", "key", "value"]


def _begun(candidate: Candidate, tags: Mapping[str, str]) -> bool:
    experiment = candidate.experiment_id
    with rows.cursor() as cursor:
        cursor.execute(
            COUNT, [candidate.project_id, Counter.Kind.CANDIDATE.value, experiment]
        )
        found = cursor.fetchall()
    if not found:
        return False
    [(candidate.iid,)] = found
    rows.add(candidate)
    rows.append(
        "tracker_tag",
        TAG,
        [
            (candidate.pk, experiment, key, tags[key][:MAX_TAG_CHARS])
            for key in sorted(tags)
        ],
    )
    return True


@patiently
def _begun_at_once(candidate: Candidate, tags: Mapping[str, str]) -> bool:
    fields, statement = _beginning()
    keys = sorted(tags)
    with rows.prepared() as cursor:
        cursor.execute(
            statement,
            [
                *rows.sized([candidate.project_id, Counter.Kind.CANDIDATE.value]),
                *rows.sized([candidate.experiment_id]),
                *rows.sized(rows.stored(candidate, fields)),
                *rows.sized([candidate.experiment_id]),
                keys,
                [tags[key][:MAX_TAG_CHARS] for key in keys],
            ],
        )
        found = cursor.fetchall()
    for candidate.pk, candidate.iid in found:
        candidate._state.adding = False
    return bool(found)  # not where the project has no counter yet


@functools.cache
def _beginning() -> tuple[list[Any], str]:
    """What is inserted beside the number that is counted, and the statement."""
    fields: list[Any] = [
        field
        for field in Candidate._meta.concrete_fields
        if not field.primary_key and field.name != "iid"
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(f"%s::{field.cast_db_type(connection)}" for field in fields)
    return (
        fields,
        f"""
        WITH counted AS ({COUNT}), made AS (
            INSERT INTO tracker_candidate (iid, {columns})
            SELECT last, {values} FROM counted RETURNING id, iid
        ), tagged AS (
            INSERT INTO tracker_tag ({", ".join(TAG)})
            SELECT made.id, %s, tag.key, tag.value
            FROM made CROSS JOIN unnest(%s::text[], %s::text[]) AS tag (key, value)
        )
        SELECT id, iid FROM made
    """,
    )


# ---------------------------------------------------------------- the end


def _changed(named: Named, changes: Mapping[str, Any]) -> Candidate | None:
    return rows.one_changed(
        Candidate,
        {**changes, "closed_ms": None},
        "project_id = %s AND eid = %s AND deleted_at IS NULL AND locked_at IS NULL",
        named,
        also={
            "experiment_iid": "(SELECT iid FROM tracker_experiment"
            " WHERE tracker_experiment.id = experiment_id)"
        },
    )


changed = gathering.together(_changed, alone=patiently, is_plain=True)
changed.__doc__ = """The candidate with new values in some columns, as it is from now on.

None, with nothing changed, where it is not there, deleted or locked."""
