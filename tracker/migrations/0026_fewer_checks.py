from django.db import migrations, models

COPY = models.ForeignKey(
    "tracker.experiment",
    models.CASCADE,
    related_name="+",
    db_index=False,
    db_constraint=False,
)
BEGUN_BY_ANOTHER = "tracker_candidate_project_id_5ae03039"
FOR_PATTERNS = "tracker_candidate_eid_bf6f0a83_like"


class AlterOnPostgreSQL(migrations.AlterField):
    """There a check is dropped in no time. SQLite would write the whole table anew, to save
    looking at a page that it has at hand."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)


def drop_indexes(apps, schema_editor):
    """`candidate_iid` begins with the project, and nobody asks for patterns of ids."""
    for name in (BEGUN_BY_ANOTHER, FOR_PATTERNS):
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


def make_indexes(apps, schema_editor):
    made = f"CREATE INDEX {BEGUN_BY_ANOTHER} ON tracker_candidate (project_id)"
    schema_editor.execute(made)
    if schema_editor.connection.vendor == "postgresql":
        made = f"CREATE INDEX {FOR_PATTERNS} ON tracker_candidate (eid varchar_pattern_ops)"
        schema_editor.execute(made)


class Migration(migrations.Migration):
    """A candidate and what it reports are written with less beside them."""

    dependencies = [("tracker", "0025_names_of_lists")]

    operations = [
        AlterOnPostgreSQL("param", "experiment", COPY),
        AlterOnPostgreSQL("tag", "experiment", COPY),
        AlterOnPostgreSQL("metric", "experiment", COPY),
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(drop_indexes, make_indexes)],
            [
                migrations.AlterField(
                    "candidate",
                    "project",
                    models.ForeignKey(
                        "tracker.project",
                        models.CASCADE,
                        related_name="candidates",
                        db_index=False,
                    ),
                )
            ],
        ),
    ]
