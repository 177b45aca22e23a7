import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import tracker.models.access
import tracker.models.candidates
import tracker.models.logged_models
from django.conf import settings
from django.db import migrations, models

from tracker.sqlite import CreateClusteredModel


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Candidate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('iid', models.PositiveBigIntegerField()),
                ('eid', models.CharField(default=tracker.models.candidates.new_eid, max_length=32, unique=True)),
                ('name', models.CharField(max_length=500)),
                ('user_id', models.CharField(blank=True, max_length=256)),
                ('status', models.CharField(choices=[('RUNNING', 'Running'), ('SCHEDULED', 'Scheduled'), ('FINISHED', 'Finished'), ('FAILED', 'Failed'), ('KILLED', 'Stopped')], default='RUNNING', max_length=9)),
                ('started_ms', models.BigIntegerField()),
                ('ended_ms', models.BigIntegerField(blank=True, null=True)),
                ('artifact_uri', models.CharField(max_length=2300)),
                ('parent_eid', models.CharField(blank=True, max_length=32)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Dataset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=500)),
                ('digest', models.CharField(max_length=36)),
                ('source_type', models.CharField(max_length=36)),
                ('source', models.TextField()),
                ('schema', models.TextField(blank=True)),
                ('profile', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='Experiment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('iid', models.PositiveBigIntegerField()),
                ('name', models.CharField(max_length=500)),
                ('artifact_location', models.CharField(blank=True, max_length=2048)),
                ('created_ms', models.BigIntegerField()),
                ('updated_ms', models.BigIntegerField()),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ModelVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('description', models.TextField(blank=True)),
                ('stage', models.CharField(choices=[('None', 'None'), ('Staging', 'Staging'), ('Production', 'Production'), ('Archived', 'Archived')], default='None', max_length=10)),
                ('source', models.CharField(max_length=2048)),
                ('run_id', models.CharField(blank=True, max_length=256)),
                ('run_link', models.CharField(blank=True, max_length=2048)),
                ('model_eid', models.CharField(blank=True, max_length=34)),
                ('user_id', models.CharField(blank=True, max_length=256)),
                ('created_ms', models.BigIntegerField()),
                ('updated_ms', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=100, unique=True, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9][A-Za-z0-9_.-]*\\Z', 'Use letters, digits, “-”, “_” and “.”; begin with a letter or digit.'), tracker.models.access.not_reserved])),
                ('name', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True)),
                ('visibility', models.CharField(choices=[('private', 'Private: members only'), ('internal', 'Internal: everyone with an account'), ('public', 'Public: everyone')], default='private', max_length=10)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='CIBuild',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=20)),
                ('job_id', models.CharField(blank=True, max_length=200)),
                ('job_name', models.CharField(blank=True, max_length=500)),
                ('job_url', models.CharField(blank=True, max_length=2000)),
                ('pipeline_id', models.CharField(blank=True, max_length=200)),
                ('pipeline_url', models.CharField(blank=True, max_length=2000)),
                ('change_id', models.CharField(blank=True, max_length=200)),
                ('change_title', models.CharField(blank=True, max_length=500)),
                ('change_url', models.CharField(blank=True, max_length=2000)),
                ('commit', models.CharField(blank=True, max_length=64)),
                ('commit_url', models.CharField(blank=True, max_length=2000)),
                ('branch', models.CharField(blank=True, max_length=500)),
                ('user', models.CharField(blank=True, max_length=256)),
                ('user_name', models.CharField(blank=True, max_length=256)),
                ('user_url', models.CharField(blank=True, max_length=2000)),
                ('is_verified', models.BooleanField(default=False)),
                ('candidate', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='ci_build', to='tracker.candidate')),
            ],
        ),
        migrations.CreateModel(
            name='DatasetUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dataset_uses', to='tracker.candidate')),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='tracker.dataset')),
            ],
        ),
        migrations.CreateModel(
            name='DatasetUseTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('value', models.CharField(blank=True, max_length=500)),
                ('use', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.datasetuse')),
            ],
        ),
        migrations.AddField(
            model_name='dataset',
            name='experiment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='datasets', to='tracker.experiment'),
        ),
        migrations.AddField(
            model_name='candidate',
            name='experiment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='candidates', to='tracker.experiment'),
        ),
        migrations.CreateModel(
            name='ExperimentTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.experiment')),
            ],
        ),
        migrations.CreateModel(
            name='Key',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('p', 'Parameter'), ('m', 'Metric'), ('t', 'Tag')], max_length=1)),
                ('key', models.CharField(max_length=250)),
                ('candidates', models.PositiveIntegerField(default=0)),
                ('distinct', models.PositiveIntegerField(default=0)),
                ('is_numeric', models.BooleanField(default=False)),
                ('counted_at', models.DateTimeField(blank=True, null=True)),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='tracker.experiment')),
            ],
        ),
        migrations.CreateModel(
            name='LoggedModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('eid', models.CharField(default=tracker.models.logged_models.new_model_id, max_length=34, unique=True)),
                ('name', models.CharField(max_length=500)),
                ('model_type', models.CharField(blank=True, max_length=500)),
                ('source_run_id', models.CharField(blank=True, max_length=256)),
                ('status', models.CharField(choices=[('PENDING', 'Pending'), ('READY', 'Ready'), ('UPLOAD_FAILED', 'Upload failed')], default='PENDING', max_length=13)),
                ('status_message', models.TextField(blank=True)),
                ('artifact_uri', models.CharField(max_length=2300)),
                ('created_ms', models.BigIntegerField()),
                ('updated_ms', models.BigIntegerField()),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='logged_models', to='tracker.experiment')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='logged_models', to='tracker.project')),
            ],
        ),
        migrations.CreateModel(
            name='LoggedModelMetric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=250)),
                ('step', models.BigIntegerField()),
                ('timestamp', models.BigIntegerField()),
                ('run_id', models.CharField(max_length=32)),
                ('value', models.FloatField()),
                ('is_nan', models.BooleanField(default=False)),
                ('dataset_name', models.CharField(blank=True, max_length=500)),
                ('dataset_digest', models.CharField(blank=True, max_length=36)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='tracker.loggedmodel')),
            ],
        ),
        migrations.CreateModel(
            name='LoggedModelParam',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='params', to='tracker.loggedmodel')),
            ],
        ),
        migrations.CreateModel(
            name='LoggedModelTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.loggedmodel')),
            ],
        ),
        migrations.CreateModel(
            name='Metric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_ms', models.BigIntegerField()),
                ('eid', models.CharField(max_length=32)),
                ('key', models.CharField(max_length=250)),
                ('step', models.BigIntegerField()),
                ('timestamp', models.BigIntegerField()),
                ('value', models.FloatField()),
                ('is_nan', models.BooleanField(default=False)),
                ('count', models.PositiveBigIntegerField()),
                ('finite', models.PositiveBigIntegerField()),
                ('mean', models.FloatField(blank=True, null=True)),
                ('min_value', models.FloatField(blank=True, null=True)),
                ('min_step', models.BigIntegerField(blank=True, null=True)),
                ('max_value', models.FloatField(blank=True, null=True)),
                ('max_step', models.BigIntegerField(blank=True, null=True)),
                ('first_step', models.BigIntegerField()),
                ('first_timestamp', models.BigIntegerField()),
                ('first_value', models.FloatField()),
                ('first_is_nan', models.BooleanField(default=False)),
                ('logged_ms', models.BigIntegerField()),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='tracker.candidate')),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tracker.experiment')),
            ],
        ),
        migrations.CreateModel(
            name='ModelUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_eid', models.CharField(max_length=256)),
                ('direction', models.CharField(choices=[('in', 'Input'), ('out', 'Output')], max_length=3)),
                ('step', models.BigIntegerField(default=0)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='model_uses', to='tracker.candidate')),
            ],
        ),
        migrations.CreateModel(
            name='ModelVersionTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.modelversion')),
            ],
        ),
        migrations.CreateModel(
            name='Param',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('number', models.FloatField(blank=True, null=True)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='params', to='tracker.candidate')),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tracker.experiment')),
            ],
        ),
        CreateClusteredModel(
            name='Point',
            fields=[
                ('pk', models.CompositePrimaryKey('metric', 'step', 'timestamp', 'value', 'is_nan', blank=True, editable=False, primary_key=True, serialize=False)),
                ('step', models.BigIntegerField()),
                ('timestamp', models.BigIntegerField()),
                ('value', models.FloatField()),
                ('is_nan', models.BooleanField(default=False)),
                ('metric', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='points', to='tracker.metric')),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.PositiveSmallIntegerField(choices=[(10, 'Reader'), (20, 'Writer'), (30, 'Owner')])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='tracker.project')),
            ],
        ),
        migrations.AddField(
            model_name='experiment',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='experiments', to='tracker.project'),
        ),
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('experiment', 'Experiment'), ('candidate', 'Candidate')], max_length=10)),
                ('last', models.PositiveBigIntegerField(default=0)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='counters', to='tracker.project')),
            ],
        ),
        migrations.AddField(
            model_name='candidate',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='candidates', to='tracker.project'),
        ),
        migrations.CreateModel(
            name='AccessToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('scope', models.CharField(choices=[('read', 'Read'), ('log', 'Log: read and write runs and artifacts'), ('all', 'Everything its owner may do')], default='log', max_length=4)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='tracker.project')),
            ],
        ),
        migrations.CreateModel(
            name='RegisteredModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True)),
                ('last_version', models.PositiveIntegerField(default=0)),
                ('created_ms', models.BigIntegerField()),
                ('updated_ms', models.BigIntegerField()),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='registered_models', to='tracker.project')),
            ],
        ),
        migrations.AddField(
            model_name='modelversion',
            name='model',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='tracker.registeredmodel'),
        ),
        migrations.CreateModel(
            name='Alias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alias', models.CharField(max_length=255)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='tracker.modelversion')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='tracker.registeredmodel')),
            ],
        ),
        migrations.CreateModel(
            name='RegisteredModelTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.registeredmodel')),
            ],
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.candidate')),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tracker.experiment')),
            ],
        ),
        migrations.AddConstraint(
            model_name='datasetuse',
            constraint=models.UniqueConstraint(fields=('candidate', 'dataset'), name='dataset_use'),
        ),
        migrations.AddConstraint(
            model_name='datasetusetag',
            constraint=models.UniqueConstraint(fields=('use', 'key'), name='dataset_use_tag'),
        ),
        migrations.AddConstraint(
            model_name='dataset',
            constraint=models.UniqueConstraint(fields=('experiment', 'name', 'digest'), name='dataset_name_digest'),
        ),
        migrations.AddConstraint(
            model_name='experimenttag',
            constraint=models.UniqueConstraint(fields=('experiment', 'key'), name='experiment_tag_key'),
        ),
        migrations.AddIndex(
            model_name='key',
            index=models.Index(fields=['counted_at'], name='catalogue_stale'),
        ),
        migrations.AddConstraint(
            model_name='key',
            constraint=models.UniqueConstraint(fields=('experiment', 'kind', 'key'), name='catalogue_key'),
        ),
        migrations.AddConstraint(
            model_name='loggedmodelmetric',
            constraint=models.UniqueConstraint(fields=('model', 'key', 'step', 'timestamp', 'run_id'), name='logged_model_metric'),
        ),
        migrations.AddConstraint(
            model_name='loggedmodelparam',
            constraint=models.UniqueConstraint(fields=('model', 'key'), name='logged_model_param'),
        ),
        migrations.AddConstraint(
            model_name='loggedmodeltag',
            constraint=models.UniqueConstraint(fields=('model', 'key'), name='logged_model_tag'),
        ),
        migrations.AddIndex(
            model_name='metric',
            index=models.Index(fields=['experiment', 'key', 'is_nan', 'value', '-started_ms', 'eid'], name='metric_latest'),
        ),
        migrations.AddConstraint(
            model_name='metric',
            constraint=models.UniqueConstraint(fields=('candidate', 'key'), name='metric_key'),
        ),
        migrations.AddConstraint(
            model_name='modeluse',
            constraint=models.UniqueConstraint(fields=('candidate', 'direction', 'model_eid'), name='model_use'),
        ),
        migrations.AddConstraint(
            model_name='modelversiontag',
            constraint=models.UniqueConstraint(fields=('version', 'key'), name='model_version_tag'),
        ),
        migrations.AddIndex(
            model_name='param',
            index=models.Index(models.F('experiment'), models.F('key'), django.db.models.functions.text.Left('value', 64), name='param_value'),
        ),
        migrations.AddIndex(
            model_name='param',
            index=models.Index(fields=['experiment', 'key', 'number'], name='param_number'),
        ),
        migrations.AddConstraint(
            model_name='param',
            constraint=models.UniqueConstraint(fields=('candidate', 'key'), name='param_key'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('project', 'user'), name='one_role_per_member'),
        ),
        migrations.AddIndex(
            model_name='loggedmodel',
            index=models.Index(fields=['experiment', '-created_ms', 'eid'], name='logged_model_newest'),
        ),
        migrations.AddIndex(
            model_name='loggedmodel',
            index=models.Index(fields=['experiment', 'name'], name='logged_model_name'),
        ),
        migrations.AddIndex(
            model_name='loggedmodel',
            index=models.Index(fields=['source_run_id'], name='logged_model_source'),
        ),
        migrations.AddIndex(
            model_name='experiment',
            index=models.Index(fields=['project', '-created_ms', 'iid'], name='experiment_newest'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.UniqueConstraint(fields=('project', 'iid'), name='experiment_iid'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.UniqueConstraint(fields=('project', 'name'), name='experiment_name'),
        ),
        migrations.AddConstraint(
            model_name='counter',
            constraint=models.UniqueConstraint(fields=('project', 'kind'), name='one_counter_per_kind'),
        ),
        migrations.AddIndex(
            model_name='candidate',
            index=models.Index(condition=models.Q(('deleted_at', None)), fields=['experiment', '-started_ms', 'eid'], name='candidate_newest'),
        ),
        migrations.AddIndex(
            model_name='candidate',
            index=models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['experiment', '-started_ms', 'eid'], name='candidate_deleted'),
        ),
        migrations.AddIndex(
            model_name='candidate',
            index=models.Index(condition=models.Q(('parent_eid', ''), _negated=True), fields=['parent_eid'], name='candidate_parent'),
        ),
        migrations.AddConstraint(
            model_name='candidate',
            constraint=models.UniqueConstraint(fields=('project', 'iid'), name='candidate_iid'),
        ),
        migrations.AddConstraint(
            model_name='registeredmodel',
            constraint=models.UniqueConstraint(fields=('project', 'name'), name='registered_model_name'),
        ),
        migrations.AddIndex(
            model_name='modelversion',
            index=models.Index(fields=['run_id'], name='model_version_run'),
        ),
        migrations.AddConstraint(
            model_name='modelversion',
            constraint=models.UniqueConstraint(fields=('model', 'version'), name='model_version'),
        ),
        migrations.AddConstraint(
            model_name='alias',
            constraint=models.UniqueConstraint(fields=('model', 'alias'), name='model_alias'),
        ),
        migrations.AddConstraint(
            model_name='registeredmodeltag',
            constraint=models.UniqueConstraint(fields=('model', 'key'), name='registered_model_tag'),
        ),
        migrations.AddIndex(
            model_name='tag',
            index=models.Index(models.F('experiment'), models.F('key'), django.db.models.functions.text.Left('value', 64), name='tag_value'),
        ),
        migrations.AddConstraint(
            model_name='tag',
            constraint=models.UniqueConstraint(fields=('candidate', 'key'), name='tag_key'),
        ),
    ]
