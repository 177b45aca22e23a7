import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tracker', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DiscardedBlob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('blob', models.CharField(max_length=200, unique=True)),
                ('discarded_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Artifact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('folder', models.CharField(blank=True, max_length=1024)),
                ('name', models.CharField(max_length=255)),
                ('blob', models.CharField(max_length=200, unique=True)),
                ('size_bytes', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('uploaded_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('pending', 'Waiting to be looked at'), ('processing', 'Being looked at'), ('ready', 'Ready'), ('failed', 'Could not be looked at')], default='pending', max_length=10)),
                ('problem', models.TextField(blank=True)),
                ('content_type', models.CharField(blank=True, max_length=100)),
                ('facts', models.JSONField(blank=True, default=dict)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('claimed_by', models.CharField(blank=True, max_length=200)),
                ('claimed_until', models.DateTimeField(blank=True, null=True)),
                ('candidate', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='tracker.candidate')),
                ('model', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='tracker.loggedmodel')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='tracker.project')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['pending', 'processing'])), fields=['claimed_until', 'uploaded_at'], name='artifact_to_do')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('candidate__isnull', False)), fields=('candidate', 'folder', 'name'), name='candidate_artifact_path'), models.UniqueConstraint(condition=models.Q(('model__isnull', False)), fields=('model', 'folder', 'name'), name='model_artifact_path'), models.CheckConstraint(condition=models.Q(('candidate__isnull', True), ('model__isnull', True), _connector='XOR'), name='artifact_has_one_owner')],
            },
        ),
    ]
