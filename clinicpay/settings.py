"""Settings, read from the environment (docs/operations.md lists the variables)."""

from pathlib import Path

import environ

from clinicpay import tracking

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)  # behind TLS: secure cookies, HSTS, redirect

INSTALLED_APPS = [
    "clinicpay.clinics",  # first: its migrate command replaces Django's
    "clinicpay.staff",
    "clinicpay.audit",
    "clinicpay.patients",
    "treatments",
    "balances",
    "payments",
    "deposits",
    "followups",
    "clinicpay.close",
    "clinicpay.exports",
    "clinicpay",
    "clinicpay.ui",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tables2",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clinicpay.metrics.MetricsMiddleware",
    "clinicpay.logs.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    "clinicpay.headers.NoStoreMiddleware",
    "clinicpay.away.AwayMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "clinicpay.ui.htmx.HtmxAnswers",
    "clinicpay.staff.sessions.SessionLimits",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "clinicpay.staff.middleware.ClinicMiddleware",
]

ROOT_URLCONF = "clinicpay.urls"
WSGI_APPLICATION = "clinicpay.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "clinicpay.shell.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "ui/table.html"

# The application connects as a role that owns nothing; only migrations use the owner.
_APP = env.db_url("DATABASE_URL", default="postgres://clinicpay_app@127.0.0.1/clinicpay")
_APP |= {
    "ENGINE": "clinicpay.clinics.db",
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=300),
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        **_APP.get("OPTIONS", {}),
        "options": f"-c statement_timeout={env.int('STATEMENT_TIMEOUT_MS', default=5000)} -c lock_timeout=4000",
        "application_name": "clinicpay",
        # A server that has vanished without a word is noticed, by new connections and by old ones.
        "connect_timeout": 5,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15000,
    },
}
_OWNER = env.db_url("DATABASE_OWNER_URL", default="postgres://clinicpay_owner@127.0.0.1/clinicpay")
_OWNER |= {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 0}
DATABASES = {"default": _APP, "owner": _OWNER}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "clinicpay.staff.adapter.ClosedSignUp"
ACCOUNT_FORMS = {
    "login": "clinicpay.staff.entrance.FocusedLogin",
    "reset_password": "clinicpay.staff.reset.EvenReset",
    "reset_password_from_key": "clinicpay.staff.entrance.NewPassword",
    "change_password": "clinicpay.staff.entrance.PasswordChange",
    "set_password": "clinicpay.staff.entrance.FirstPassword",
    "reauthenticate": "clinicpay.staff.entrance.PasswordAgain",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation's link has already proved the address
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_USER_DISPLAY = "clinicpay.staff.adapter.display_name"
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)  # else all share the proxy's few sign-ins
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "clinicpay.staff.second_step.SecondStepAdapter"
MFA_FORMS = {
    "authenticate": "clinicpay.staff.second_step.CodeForm",
    "reauthenticate": "clinicpay.staff.second_step.CodeAgainForm",
    "activate_totp": "clinicpay.staff.second_step.EnrolForm",
}
MFA_TOTP_ISSUER = "ClinicPay"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute wrong; each code counts once all the same
MFA_RECOVERY_CODES_SHOW_ONCE = True
USERSESSIONS_TRACK_ACTIVITY = False  # a write for every request; the session's own expiry is enough

# Login throttling counts in this cache: in the broker's server, so that all web processes share it.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env("CACHE_URL", default=CELERY_BROKER_URL),
        "KEY_PREFIX": "clinicpay",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
}

SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 60 * env.int("SESSION_IDLE_MINUTES", default=15)  # a desk that everybody passes
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked from inside, where there is no TLS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "clinicpay.staff.problems.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# What is too large is read past before anything of it is kept.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000  # a bank slip has a tick for each of its lines, at most 2,000
FILE_UPLOAD_HANDLERS = [
    "clinicpay.ui.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
# Files that people bring stand beside the database's own, and go into the same backup.
MEDIA_ROOT = env("MEDIA_ROOT", default=str(BASE_DIR / env("CLINICPAY_DATA", default="var") / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env("STATICFILES_STORAGE", default="whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}

# Until a mail server is named, mail goes to a folder: `make run` sends nothing to anybody.
_MAIL = BASE_DIR / env("CLINICPAY_DATA", default="var") / "mail"
EMAIL_CONFIG = env.email_url("EMAIL_URL", default=f"filemail:///{_MAIL}")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="ClinicPay <no-reply@clinicpay.invalid>")

ELIGIBILITY_STALE_DAYS = env.int("ELIGIBILITY_STALE_DAYS", default=30)  # what an insurer said longer ago is doubted

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# Lines are facts of clinicpay.logs.KNOWN; SQL, whose parameters are patients, is never among them.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "clinicpay.logs.json_formatter"},
        "text": {"()": "clinicpay.logs.text_formatter"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": env("LOG_FORMAT", default="json")},
    },
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.security.DisallowedHost": {"level": "ERROR"},
        "django.db.backends": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "weasyprint.progress": {"level": "WARNING"},
    },
}

# Payment links: tokens are derived and gateway secrets sealed with this key, which outlives a new SECRET_KEY.
GATEWAY_KEY = env("GATEWAY_KEY", default="") or SECRET_KEY
GATEWAY_SIMULATOR = env.bool("GATEWAY_SIMULATOR", default=False)  # a gateway that moves no money: demo and tests alone
STRIPE_API = "https://api.stripe.com"

# Both optional, both off: requirements/extras.txt brings what they need.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
if env("SENTRY_DSN", default=""):
    tracking.begin(env("SENTRY_DSN"), environment=env("SENTRY_ENVIRONMENT", default="production"))
