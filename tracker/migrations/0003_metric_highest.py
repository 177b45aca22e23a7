import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tracker', '0002_metric_in_order'),
    ]

    operations = [
        migrations.AlterField(
            model_name='metric',
            name='candidate',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='tracker.candidate'),
        ),
        migrations.AlterField(
            model_name='param',
            name='candidate',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='params', to='tracker.candidate'),
        ),
        migrations.AlterField(
            model_name='tag',
            name='candidate',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.candidate'),
        ),
        migrations.AddIndex(
            model_name='metric',
            index=models.Index(fields=['experiment', 'key', 'is_nan', '-value', '-started_ms', 'eid'], name='metric_highest'),
        ),
    ]
