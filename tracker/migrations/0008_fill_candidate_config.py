"""Candidates from before the column existed get the sum of their params' hashes."""

from itertools import groupby

from django.db import migrations

from tracker import seeds

BATCH = 1000


def fill(apps, schema_editor):
    Candidate = apps.get_model("tracker", "Candidate")
    Param = apps.get_model("tracker", "Param")
    rows = (
        Param.objects.order_by("candidate_id")
        .values_list("candidate_id", "key", "value")
        .iterator(chunk_size=5000)
    )
    waiting = []
    for pk, params in groupby(rows, key=lambda row: row[0]):
        number = seeds.config((key, value) for _, key, value in params)
        waiting.append(Candidate(pk=pk, config=number))
        if len(waiting) == BATCH:
            Candidate.objects.bulk_update(waiting, ["config"])
            waiting = []
    Candidate.objects.bulk_update(waiting, ["config"])


class Migration(migrations.Migration):
    dependencies = [("tracker", "0007_candidate_config")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
