"""Waking Celery after a commit, as services of payments know it."""

from clinicpay.waking import wake

__all__ = ["wake"]
