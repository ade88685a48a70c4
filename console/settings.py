"""Settings, all of them from the environment. Bad ones become system checks.

Everything an installation keeps is under VIRGA_HOME: database, code store,
sockets, logs and keys.
"""

import hmac
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from console.home.supervisor import run_dir

BASE_DIR = Path(__file__).resolve().parent.parent


def _text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def _number(name: str, default: int) -> int:
    return int(_text(name, str(default)))


def _list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in _text(name, default).split(",") if part.strip()]


def _key(name: str) -> str:
    """A secret from the environment, or from VIRGA_HOME/keys, made at first use."""
    if given := _text(f"VIRGA_{name.upper()}_KEY"):
        return given
    place = VIRGA_HOME / "keys" / f"{name}.key"
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return place.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return place.read_text().strip()


# -- where things are

VIRGA_HOME = Path(_text("VIRGA_HOME", str(BASE_DIR / ".virga"))).resolve()
VIRGA_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
CODE_STORE = Path(_text("VIRGA_CODE_STORE", str(VIRGA_HOME / "code")))
LOG_STORE = Path(_text("VIRGA_LOG_STORE", str(VIRGA_HOME / "logs")))
RUN_DIR = run_dir(VIRGA_HOME)
NODE = _text("VIRGA_NODE", os.uname().nodename)

# -- how it is reached

HOST = _text("HOST", "127.0.0.1")
PORT = _number("PORT", 8000)
ENDPOINT_PORT = _number("ENDPOINT_PORT", 4566)
TLS_CERT = _text("TLS_CERT")
TLS_KEY = _text("TLS_KEY")
TRUSTED_PROXY = _text("TRUSTED_PROXY") in ("1", "true", "yes")
_scheme = "https" if TLS_CERT else "http"
_shown_host = "localhost" if HOST in ("127.0.0.1", "0.0.0.0", "::", "::1") else HOST
PUBLIC_URL = _text("PUBLIC_URL", f"{_scheme}://{_shown_host}:{PORT}").rstrip("/")
ENDPOINT_URL = _text("ENDPOINT_URL", f"{_scheme}://{_shown_host}:{ENDPOINT_PORT}").rstrip("/")
API_DOMAIN = _text("API_DOMAIN", "localhost")
_public = urlsplit(PUBLIC_URL)
SECURE = _public.scheme == "https"
ALLOWED_HOSTS = sorted({_public.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"})
CONSOLE_ORIGINS = sorted(
    {PUBLIC_URL, f"{_scheme}://localhost:{PORT}", f"{_scheme}://127.0.0.1:{PORT}"}
)
CSRF_TRUSTED_ORIGINS = CONSOLE_ORIGINS
CSRF_FAILURE_VIEW = "console.accounts.refusals.csrf_failed"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "virga_session"
CSRF_COOKIE_NAME = "virga_csrf"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# -- keys; no default exists anywhere

SECRET_KEY = _key("secret")
ENCRYPTION_KEY = _key("encryption")

# -- Django

DEBUG = _text("VIRGA_DEBUG") == "1"
ROOT_URLCONF = "console.urls"
ASGI_APPLICATION = "console.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "runner.apps.RunnerConfig",
    "editor.apps.EditorConfig",
    "console.accounts.apps.AccountsConfig",
    "console.monitoring.apps.MonitoringConfig",
    "console.functions.apps.FunctionsConfig",
    "console.events.apps.EventsConfig",
    "console.home.apps.HomeConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "console.accounts.refusals.RefusalMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "console.accounts.context.shell",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static" / "assets"]
if (BASE_DIR / "static" / "dist").is_dir():
    STATICFILES_DIRS.append(BASE_DIR / "static" / "dist")
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Built files carry a hash of their content: a browser need never ask again.
WHITENOISE_IMMUTABLE_FILE_TEST = r"-[0-9A-Z]{8}\.\w+$"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# -- sign-in

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "console.accounts.adapter.AccountAdapter"
ACCOUNT_LOGOUT_ON_GET = False
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if TRUSTED_PROXY else 0
ACCOUNT_CREATION = _text("VIRGA_ACCOUNT_CREATION", "staff")  # or "anyone"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# -- content security

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# -- stores

_database = _text("VIRGA_DATABASE_URL")
if _database:
    _parts = urlsplit(_database)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _parts.path.lstrip("/"),
            "USER": _parts.username or "",
            "PASSWORD": _parts.password or "",
            "HOST": _parts.hostname or "",
            "PORT": str(_parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VIRGA_HOME / "virga.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 10,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
            "TEST": {"NAME": VIRGA_HOME / "test.sqlite3"},
        }
    }

VALKEY_SOCKET = RUN_DIR / "valkey.sock"
REDIS_URL = _text("VIRGA_REDIS_URL", f"unix://{VALKEY_SOCKET}")
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
# Every key and channel name of this installation begins with it, so that several can
# share one server: what is published there is heard in all of its numbered databases.
REDIS_PREFIX = f"virga:{hmac.new(ENCRYPTION_KEY.encode(), b'redis', 'sha256').hexdigest()[:12]}"
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{REDIS_PREFIX}:"}
CELERY_TASK_DEFAULT_QUEUE = "worker"
CELERY_TASK_ROUTES = {"runner.tasks.run_invocation": {"queue": "runner"}}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "runner.tasks.reap", "schedule": 5.0, "options": {"expires": 5}},
    "reap-builds": {"task": "runner.builds.reap", "schedule": 10.0, "options": {"expires": 10}},
    "prune": {"task": "console.monitoring.tasks.prune", "schedule": 3600.0},
    "finish-deploys": {
        "task": "console.functions.tasks.finish_deploys",
        "schedule": 3.0,
        "options": {"expires": 3},
    },
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{REDIS_PREFIX}:"},
    }
}

# -- the runner

REGION = _text("VIRGA_REGION", "us-east-1")
BACKENDS = _list("VIRGA_BACKENDS", "docker,bubblewrap")
DOCKER_BASE_IMAGE = _text("VIRGA_DOCKER_BASE_IMAGE")
PREPARED_PER_RUNTIME = _number("VIRGA_PREPARED", 2)
NODE_MEMORY_MB = _number("VIRGA_MEMORY_MB", 0)
NODE_MEMORY_OVERCOMMIT = _number("VIRGA_MEMORY_OVERCOMMIT", 4)
NODE_CONCURRENCY = _number("VIRGA_CONCURRENCY", 100)
FUNCTION_CONCURRENCY = _number("VIRGA_FUNCTION_CONCURRENCY", 50)
WARM_IDLE_S = _number("VIRGA_WARM_IDLE_S", 600)
BUILD_EGRESS = _text("VIRGA_BUILD_EGRESS", "1") == "1"
BUILD_HOSTS = _list("VIRGA_BUILD_HOSTS")
RETENTION_DAYS = _number("VIRGA_RETENTION_DAYS", 30)
AUDIT_RETENTION_DAYS = _number("VIRGA_AUDIT_RETENTION_DAYS", 365)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "filters": {"tokens": {"()": "console.accounts.tokens.WithoutTokens"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["tokens"],
        }
    },
    "root": {"handlers": ["stderr"], "level": _text("VIRGA_LOG_LEVEL", "INFO")},
    # Two lines for every task would cost an invocation more than its record.
    "loggers": {
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
