"""Which clinics there are: asked before any is in scope."""

from django.db import connection


def all_clinics() -> dict[str, int]:
    """Id of every clinic by its slug, in order of their making."""
    with connection.cursor() as cursor:
        cursor.execute("select slug, id from all_clinics() order by id")
        return dict(cursor.fetchall())
