from django.db import migrations, models
from django.db.models.functions import Left


class Migration(migrations.Migration):
    """A param is held by one index: by its number, or else by its text."""

    dependencies = [("tracker", "0026_fewer_checks")]

    operations = [
        migrations.RemoveIndex("param", "param_value"),
        migrations.RemoveIndex("param", "param_number"),
        migrations.AddIndex(
            "param",
            models.Index(
                models.F("experiment"),
                models.F("key"),
                Left("value", 64),
                name="param_value",
                condition=models.Q(number__isnull=True),
            ),
        ),
        migrations.AddIndex(
            "param",
            models.Index(
                fields=["experiment", "key", "number"],
                name="param_number",
                condition=models.Q(number__isnull=False),
            ),
        ),
    ]
