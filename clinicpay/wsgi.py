"""WSGI entry point for gunicorn."""

import os
from contextlib import suppress

from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinicpay.settings")
application = get_wsgi_application()

# An unsafe database role is refused here, not at the first page; a database that is away may come later.
with suppress(OperationalError):
    connection.ensure_connection()
    connection.close()
