from django.db import migrations
from django.db.models import F, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    """Running candidates that were there before signs of life were noted."""
    Candidate = apps.get_model("tracker", "Candidate")
    Metric = apps.get_model("tracker", "Metric")
    newest = (
        Metric.objects.filter(candidate=OuterRef("pk"))
        .values("candidate")
        .annotate(at=Max("logged_ms"))
        .values("at")
    )
    Candidate.objects.filter(status="RUNNING", written_ms=0).update(
        written_ms=Coalesce(Subquery(newest), F("started_ms"))
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tracker', '0010_liveness_and_tiles'),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
