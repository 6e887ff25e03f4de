"""Django's settings, all drawn from :mod:`nengtan.config.conf`."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from nengtan.config.conf import load

CONFIG = load()

DEBUG = CONFIG.debug
SECRET_KEY = CONFIG.signing_key()
ALLOWED_HOSTS = [*CONFIG.hosts]
CSRF_TRUSTED_ORIGINS = [*CONFIG.origins]
PROXIES = [ip_network(proxy) for proxy in CONFIG.proxies]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "ninja",
    "nengtan.identity",
    "nengtan.ui",
    "nengtan.registry",
    "nengtan.telemetry",
    "nengtan.ledger",
    "nengtan.carbon",
    "nengtan.reporting",
    "nengtan.trusteeship",
    "nengtan.dashboards",
    "nengtan.demo",
    "nengtan.config",
]

MIDDLEWARE = [
    "nengtan.config.middleware.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "nengtan.ui.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "nengtan.identity.middleware.ActorMiddleware",
    "nengtan.config.middleware.ContentSecurityPolicyMiddleware",
    "nengtan.config.middleware.ApiMiddleware",
    "nengtan.config.middleware.NulMiddleware",
    "nengtan.config.middleware.SizeMiddleware",
    "nengtan.config.middleware.TroubleMiddleware",
]

ROOT_URLCONF = "nengtan.config.urls"
WSGI_APPLICATION = "nengtan.config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "nengtan.ui.context.shell",
            ],
            "builtins": ["nengtan.ui.templatetags.ui"],
        },
    }
]

DATABASES = {"default": CONFIG.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LAKE = CONFIG.dir / "lake"
"""Where readings and what follows from them are kept."""

INBOX = CONFIG.dir / "inbox.sqlite3"
"""Where readings wait on their way into the lake, unless the database is PostgreSQL."""

MQTT_URL = CONFIG.mqtt_url
"""The broker of messages gateways send to; empty: none."""

COLLECTORS = CONFIG.collectors
"""Where collectors report to; empty: nowhere."""

CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {"BACKEND": "nengtan.config.cache.Forgiving", "LOCATION": CONFIG.redis_url}
        if CONFIG.redis_url
        else {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": CONFIG.dir / "cache",
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        }
    )
}
"""What may be forgotten at any time: work saved, nothing kept."""

AUTH_USER_MODEL = "identity.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
PASSWORD_RESET_TIMEOUT = 3600

LANGUAGE_CODE = CONFIG.language
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS: list[str] = []
USE_I18N = True
USE_TZ = True
TIME_ZONE = CONFIG.time_zone

STATIC_URL = "static/"
STATIC_ROOT = CONFIG.dir / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
MEDIA_ROOT = CONFIG.dir / "files"
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
MAX_UPLOAD_BYTES = CONFIG.max_upload_mb * 1024 * 1024

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIG.https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.https else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

DEFAULT_FROM_EMAIL = CONFIG.email_from


def _email(url: str) -> dict[str, Any]:
    if not url:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": CONFIG.dir / "mail",
        }
    parts = urlsplit(url)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


globals().update(_email(CONFIG.email_url))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": CONFIG.log_level},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "huey": {"level": "WARNING" if CONFIG.log_level == "INFO" else CONFIG.log_level},  # else two lines a minute
    },
}

SILENCED_SYSTEM_CHECKS: list[str] = []
