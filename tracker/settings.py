"""Every setting: its environment variable, its default, and what it is for.

The defaults make a laptop work: SQLite, files and a file-system queue in one data
folder, reachable from this machine alone. docs/settings.md lists the variables.
"""

import sys
from pathlib import Path
from urllib.parse import quote

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.core.management.utils import get_random_secret_key

from tracker import environment
from tracker.environment import (
    BadSetting,
    address,
    choice,
    flag,
    folder,
    names,
    number,
    text,
    url,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# ---------------------------------------------------------------- where things are

try:
    # local: one person on this machine. team: accounts and permissions.
    MODE = choice("TRACKER_MODE", "local", ("local", "team"))

    # The address to listen on. Local mode asks nobody for a password, so there it must
    # be one that only this machine reaches.
    BIND = address("TRACKER_BIND", "127.0.0.1:8000")
    if MODE == "local" and not BIND.is_loopback:
        raise BadSetting(
            f"TRACKER_BIND is {BIND.host}:{BIND.port}, which other machines can reach, and"
            " local mode has no passwords. Use an address like 127.0.0.1:8000."
        )

    # Database, artifacts, queue and secret key live here unless told otherwise.
    DATA_DIR = folder(Path(text("TRACKER_DATA_DIR", "data")).expanduser().resolve())

    # postgres://user:password@host/name, or sqlite:////absolute/path.
    DATABASE_URL = text("TRACKER_DATABASE_URL")

    # Its password, where it comes from a file and is not in the address.
    DATABASE_PASSWORD = text("TRACKER_DATABASE_PASSWORD")

    # redis://host:6379/0 makes Redis the queue and the cache.
    REDIS_URL = url("TRACKER_REDIS_URL", ("redis", "rediss", "unix"))

    # file:/folder or s3://bucket/prefix.
    ARTIFACTS_URL = text("TRACKER_ARTIFACTS_URL")

    # Where that bucket is, unless it is Amazon's.
    S3_ENDPOINT_URL = url("TRACKER_S3_ENDPOINT_URL", ("http", "https"))

    # Its credentials; without them boto3 looks where it always does.
    S3_ACCESS_KEY = text("TRACKER_S3_ACCESS_KEY")
    S3_SECRET_KEY = text("TRACKER_S3_SECRET_KEY")
    if bool(S3_ACCESS_KEY) != bool(S3_SECRET_KEY):
        raise BadSetting(
            "TRACKER_S3_ACCESS_KEY and TRACKER_S3_SECRET_KEY belong together."
        )

    # The address people and scripts use, when it differs from the bind address.
    PUBLIC_URL = url("TRACKER_PUBLIC_URL", ("http", "https"))

    # Host names this server answers to.
    ALLOWED_HOSTS = names("TRACKER_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])

    # What access tokens begin with, for secret scanners. `glpat-` lets GitLab's own
    # Python client pass its check.
    TOKEN_PREFIX = text("TRACKER_TOKEN_PREFIX", "trk_")

    # Web worker processes: one for each core that may serve, since Python uses one.
    WORKERS = number("TRACKER_WORKERS", 2, least=1)

    # SQLite only: FULL puts an acknowledged write on the disk, NORMAL is faster.
    SQLITE_SYNCHRONOUS = choice(
        "TRACKER_SQLITE_SYNCHRONOUS", "FULL", ("FULL", "NORMAL")
    )

    # How long a deleted candidate can still be restored.
    PURGE_AFTER_DAYS = number("TRACKER_PURGE_AFTER_DAYS", 30)

    # How long the work of a worker that was killed lies idle, in seconds.
    LEASE_SECONDS = number("TRACKER_LEASE_SECONDS", 30, least=3)

    # How often a worker looks for work whose message was lost, in seconds.
    SWEEP_SECONDS = number("TRACKER_SWEEP_SECONDS", 60, least=1)

    # How long it is remembered who did what.
    AUDIT_DAYS = number("TRACKER_AUDIT_DAYS", 365, least=1)

    # Proxies of ours that every request passes: so many addresses at the end of
    # X-Forwarded-For are believed, and with at least one X-Forwarded-Proto.
    PROXIES = number("TRACKER_PROXIES", 0)

    # Team mode: failed sign-ins in five minutes, of an account or from an address.
    SIGN_INS = number("TRACKER_SIGN_INS", 10, least=1)

    # Team mode: API calls a minute and at once, of a token; of an address without one.
    CALLS_PER_MINUTE = number("TRACKER_CALLS_PER_MINUTE", 6000, least=1)
    CALLER_RATE = (CALLS_PER_MINUTE, max(1, CALLS_PER_MINUTE // 6))
    ANONYMOUS_RATE = (max(1, CALLS_PER_MINUTE // 20),) * 2

    # How long a search, a list or a chart may keep the database busy.
    SEARCH_SECONDS = number("TRACKER_SEARCH_SECONDS", 10, least=1)

    # Team mode: who may create projects, everyone with an account or administrators.
    PROJECT_CREATORS = choice(
        "TRACKER_PROJECT_CREATORS", "everyone", ("everyone", "staff")
    )

    # The largest artifact, in bytes.
    MAX_ARTIFACT_BYTES = number("TRACKER_MAX_ARTIFACT_BYTES", 5 * 1024**3, least=1)

    # What all files of one project may have in bytes, together; 0 sets no limit.
    PROJECT_QUOTA_BYTES = number("TRACKER_PROJECT_QUOTA_BYTES", 0)

    # Files that one process receives at the same time; more are asked to come again.
    # Less than its threads (tracker/web.py), so that other requests find some.
    MAX_UPLOADS_AT_ONCE = number("TRACKER_MAX_UPLOADS_AT_ONCE", 96, least=1)

    # Who sends the body of a request more slowly than this for a minute is cut off, on
    # Linux; 0 sets no limit.
    MIN_BYTES_PER_SECOND = number("TRACKER_MIN_BYTES_PER_SECOND", 500)

    # What the worker looks into after an upload, at most. Larger files keep their type
    # and checksum, and their pages say why there is no more.
    MAX_INSPECTION_SECONDS = number("TRACKER_MAX_INSPECTION_SECONDS", 60, least=1)
    MAX_JSON_BYTES = number("TRACKER_MAX_JSON_BYTES", 4 * 1024**2)
    MAX_TABLE_BYTES = number("TRACKER_MAX_TABLE_BYTES", 32 * 1024**2)
    MAX_YAML_ALIASES = number("TRACKER_MAX_YAML_ALIASES", 100)
    MAX_IMAGE_BYTES = number("TRACKER_MAX_IMAGE_BYTES", 64 * 1024**2)
    MAX_IMAGE_PIXELS = number("TRACKER_MAX_IMAGE_PIXELS", 25_000_000)
    MAX_ARCHIVE_ENTRIES = number("TRACKER_MAX_ARCHIVE_ENTRIES", 10_000, least=1)
    MAX_UNPACKED_BYTES = number("TRACKER_MAX_UNPACKED_BYTES", 256 * 1024**2)

    # Tracebacks in the browser; for people who work on Tracker.
    DEBUG = flag("TRACKER_DEBUG", False)

    LOG_LEVEL = choice(
        "TRACKER_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")
    )

    # Signs sessions, links and page tokens. Every machine of a team needs the same one.
    SECRET_KEY = text("TRACKER_SECRET_KEY")
    if MODE == "team" and len(SECRET_KEY) < 32:
        raise BadSetting(
            "team mode needs TRACKER_SECRET_KEY, a random text of at least 32 characters"
            " (or TRACKER_SECRET_KEY_FILE)."
        )
    if not SECRET_KEY:
        SECRET_KEY = environment.kept_secret(
            DATA_DIR / "secret-key", get_random_secret_key
        )
    # Sign-in by an OpenID Connect provider, beside passwords. The secret also as
    # TRACKER_OIDC_CLIENT_SECRET_FILE.
    OIDC_ISSUER = url("TRACKER_OIDC_ISSUER", ("https", "http"))
    OIDC_CLIENT_ID = text("TRACKER_OIDC_CLIENT_ID")
    OIDC_CLIENT_SECRET = text("TRACKER_OIDC_CLIENT_SECRET")
    # What the button on the sign-in page says after "Sign in with".
    OIDC_NAME = text("TRACKER_OIDC_NAME", "single sign-on")
    # Who gets an account with their first sign-in: none, all, or e-mail domains.
    OIDC_NEW_USERS = names("TRACKER_OIDC_NEW_USERS", ["none"])
    # Let a verified e-mail address open the account here that has the same one.
    OIDC_LINK_BY_EMAIL = flag("TRACKER_OIDC_LINK_BY_EMAIL", False)
    # Groups of the provider that make people members and administrators here, at each
    # sign-in: the claim that names them, `group=project:role,…`, and the one of staff.
    OIDC_GROUPS_CLAIM = text("TRACKER_OIDC_GROUPS_CLAIM")
    OIDC_ROLES = names("TRACKER_OIDC_ROLES", [])
    OIDC_STAFF_GROUP = text("TRACKER_OIDC_STAFF_GROUP")
    # How long a membership by groups lasts without another sign-in, tokens with it.
    OIDC_GROUP_DAYS = number("TRACKER_OIDC_GROUP_DAYS", 30, least=1)
    OIDC_SCOPES = names("TRACKER_OIDC_SCOPES", ["openid", "profile", "email"])
    environment.check_group_rules(OIDC_ROLES)
    if (OIDC_ROLES or OIDC_STAFF_GROUP) and not OIDC_GROUPS_CLAIM:
        raise BadSetting(
            "TRACKER_OIDC_ROLES and TRACKER_OIDC_STAFF_GROUP also need"
            " TRACKER_OIDC_GROUPS_CLAIM, the claim that holds a person's groups."
        )
    if OIDC_ISSUER and MODE == "local":
        raise BadSetting(
            "TRACKER_OIDC_ISSUER needs accounts, which local mode has not."
            " Set TRACKER_MODE=team, or leave it out."
        )
    if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
        raise BadSetting(
            "TRACKER_OIDC_ISSUER also needs TRACKER_OIDC_CLIENT_ID and"
            " TRACKER_OIDC_CLIENT_SECRET (or TRACKER_OIDC_CLIENT_SECRET_FILE)."
        )
    DATABASES = {
        "default": environment.database(
            DATABASE_URL or f"sqlite:///{quote(str(DATA_DIR / 'tracker.sqlite3'))}",
            synchronous=SQLITE_SYNCHRONOUS,
            parse=dj_database_url.parse,
        )
    }
    if DATABASE_PASSWORD:
        DATABASES["default"]["PASSWORD"] = DATABASE_PASSWORD
    QUEUE = {} if REDIS_URL else environment.queue_folders(DATA_DIR / "queue")
    STORAGE = environment.storage(
        ARTIFACTS_URL or f"file:{quote(str(DATA_DIR / 'artifacts'))}", S3_ENDPOINT_URL
    )
    if S3_ACCESS_KEY and STORAGE["BACKEND"].endswith("S3Storage"):
        STORAGE["OPTIONS"] |= {
            "access_key": S3_ACCESS_KEY,
            "secret_key": S3_SECRET_KEY,
        }
except BadSetting as problem:
    sys.exit(f"Tracker cannot start: {problem}")

# ---------------------------------------------------------------- the Django project

INSTALLED_APPS = [
    "tracker.apps.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "rest_framework",
    "tracker.apps.TrackerConfig",
    "artifacts.apps.ArtifactsConfig",
    "dashboard.apps.DashboardConfig",
]

# The API's requests pass only the first four of these: see tracker/middleware.py.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tracker.middleware.front_door",
    "tracker.middleware.api_first",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tracker.compression.PageCompression",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tracker.middleware.local_owner",
    "tracker.middleware.known",
    "tracker.middleware.Permits",
    "django.contrib.messages.middleware.MessageMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "tracker.urls"
WSGI_APPLICATION = "tracker.wsgi.application"
# The MLflow client follows a redirect and turns its POST into a GET: never redirect.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "tracker.templating.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.shell.shell",
            ],
            "builtins": ["dashboard.templatetags.tracker_tags"],
        },
    }
]

AUTH_USER_MODEL = "tracker.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = "UTC"

# log-inputs carries dataset profiles of up to 16 MB; the API has limits of its own per
# route, far below for the others.
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# ---------------------------------------------------------------- static files

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "build" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "dashboard.finders.PlotlyFinder",
]

STORAGES = {
    "default": STORAGE,
    "staticfiles": {"BACKEND": "tracker.statics.StaticFiles"},
}
# Every page asks for the names that carry a hash of the content; others are not kept.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# ---------------------------------------------------------------- queue and cache

CACHES = {
    "default": {
        "BACKEND": "tracker.memory.Memory",
        "LOCATION": REDIS_URL,
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Whatever Python knows, kept by each process for itself.
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "process",
    },
}

CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS = QUEUE
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A message is only a wake-up: losing one must never fail or slow the request.
CELERY_TASK_PUBLISH_RETRY = False
# A hostile file can hang a parser or fill the memory. A task that takes this long is
# killed, a process that has grown this large is replaced when its task is done.
CELERY_TASK_TIME_LIMIT = 600  # seconds
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # kB
# Nobody inspects workers over the queue, and in files each such message would stay.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "artifacts.tasks.sweep", "schedule": float(SWEEP_SECONDS)},
    "sweep-jobs": {"task": "tracker.tasks.sweep", "schedule": float(SWEEP_SECONDS)},
    "check-files": {
        "task": "artifacts.tasks.check",
        "schedule": crontab(hour="3", minute="20"),
    },
    "purge": {"task": "tracker.tasks.purge", "schedule": 3600.0},
    "count-keys": {"task": "tracker.tasks.count_keys", "schedule": 60.0},
    "close-silent": {"task": "tracker.tasks.close_silent", "schedule": 60.0},
    # Worth nothing once the next one is sent.
    "build-tiles": {
        "task": "tracker.tasks.build_tiles",
        "schedule": min(10.0, SWEEP_SECONDS),
        "options": {"expires": 10},
    },
}

# ---------------------------------------------------------------- security

X_FRAME_OPTIONS = "DENY"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {
        "NAME": "django.contrib.auth.password_validation."
        "UserAttributeSimilarityValidator"
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600

# Behind https, cookies that no plain request can carry off.
IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
if PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SILENCED_SYSTEM_CHECKS = [
    # Never redirect to https: MLflow's client would turn its POST into a GET, and has sent
    # its token over plain http by then. The proxy that has the certificate answers there.
    "security.W008",
    # Being preloaded is the whole domain's choice and hard to undo, not one server's.
    "security.W021",
]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "tracker.problems.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tracker.api.auth.LocalOwner"]
    if MODE == "local"
    else [
        "tracker.api.auth.Credentials",
        # A page's own session, with its CSRF token.
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": []
    if MODE == "local"
    else ["tracker.api.auth.PerCaller"],
    "UNAUTHENTICATED_USER": None,
}

# ---------------------------------------------------------------- single sign-on

# Loaded only where it is used: it brings apps, tables and packages of its own.
if OIDC_ISSUER:
    INSTALLED_APPS += [
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
    ]
    MIDDLEWARE.insert(
        MIDDLEWARE.index("django.contrib.messages.middleware.MessageMiddleware"),
        "allauth.account.middleware.AccountMiddleware",
    )
    SOCIALACCOUNT_ADAPTER = "dashboard.identities.Identities"
    SOCIALACCOUNT_EMAIL_VERIFICATION = ACCOUNT_EMAIL_VERIFICATION = "none"
    SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # dashboard/identities.py decides
    SOCIALACCOUNT_STORE_TOKENS = False
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": OIDC_NAME,
                    "client_id": OIDC_CLIENT_ID,
                    "secret": OIDC_CLIENT_SECRET,
                    "settings": {"server_url": OIDC_ISSUER, "scope": OIDC_SCOPES},
                }
            ],
        }
    }

# ---------------------------------------------------------------- logs

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "tracker.redaction.Line",
            "format": "%(asctime)s %(levelname)-7s %(request_id)s %(name)s: %(message)s",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Every 404 is not news.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # Nor is every task that was started and done.
        "celery": {"level": "WARNING"},
    },
}
