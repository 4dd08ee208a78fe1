"""`migrate`, always as the owner, and with the grants on the tables of other packages."""

from typing import Any

from django.apps import apps
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from clinicpay.clinics.db.quick_states import quick_states
from clinicpay.clinics.db.roles import APP

GLOBAL_TABLES = "select, insert, update, delete"
"""Rights on rows that belong to people, not to a clinic: sign-in, sessions, second factors."""

READ_ONLY_APPS = frozenset({"contenttypes", "auth"})
GLOBAL_APPS = frozenset({"sessions", "account", "mfa", "usersessions", *READ_ONLY_APPS})


class Command(migrate.Command):
    """Migrations run as the role that owns the tables; the application's own role could not."""

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        with quick_states():
            super().handle(*args, **options)
        grant_global_tables(connections[options["database"]])


def grant_global_tables(connection: BaseDatabaseWrapper) -> None:
    """Let the application use the tables of django's and allauth's own apps."""
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for app in GLOBAL_APPS:
            rights = "select" if app in READ_ONLY_APPS else GLOBAL_TABLES
            for model in apps.get_app_config(app).get_models(include_auto_created=True):
                if model._meta.db_table in existing:
                    cursor.execute(f'grant {rights} on "{model._meta.db_table}" to {APP}')
        cursor.execute(f"grant select on django_migrations to {APP}")
