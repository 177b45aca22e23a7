"""SQLite where it differs from PostgreSQL."""

from typing import Any

from django.db import migrations


class CreateClusteredModel(migrations.CreateModel):
    """A table whose rows lie in the order of their primary key.

    SQLite keeps every table by a hidden row number, and a composite key in a second
    tree beside it; WITHOUT ROWID keeps one tree: half the space, half the writes.
    PostgreSQL has no such tables; there this is CreateModel.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            sql, params = schema_editor.table_sql(model)
            schema_editor.execute(f"{sql} WITHOUT ROWID", params or None)
            schema_editor.deferred_sql.extend(schema_editor._model_indexes_sql(model))
