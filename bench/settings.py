"""The application's settings, with the anchors' pages beside its own."""

from pathlib import Path

from clinicpay.settings import *  # noqa: F403 - the same, but for the addresses below

ROOT_URLCONF = "bench.urls"
TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")  # type: ignore[attr-defined]  # noqa: F405
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
"""Nobody signs in by a password here, so no server has to count guesses."""
