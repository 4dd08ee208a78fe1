"""`manage.py demo`: the demo clinics and their people."""

import json
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, connections

from clinicpay import demo
from clinicpay.clinics.db.roles import LEDGER

# Migrating backwards would check rows of today against the rules of the past, and they don't fit.
DROP_ALL = f"""
do $$
declare
  one record;
begin
  for one in select oid::regclass as name, relkind from pg_class
             where relnamespace = 'public'::regnamespace and relkind in ('v', 'r') order by relkind desc loop
    execute format(case one.relkind when 'v' then 'drop view %s' else 'drop table %s cascade' end, one.name);
  end loop;
  for one in select oid::regprocedure as name, proowner from pg_proc where pronamespace = 'public'::regnamespace loop
    if one.proowner = '{LEDGER}'::regrole then
      set local role {LEDGER};
    end if;
    execute format('drop function %s', one.name);
    reset role;
  end loop;
end $$
"""  # noqa: S608 - the name of a role of ours


class Command(BaseCommand):
    """Make the demo clinics that are missing, and print who can sign in."""

    help = "Make the demo clinics (harbor, lakeside) where they are missing, and print the demo logins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", action="store_true", help="begin again; only where all clinics are demo clinics")
        parser.add_argument("--bare", action="store_true", help="people, patients and prices alone")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["reset"]:
            reset()
        missing = demo.missing()
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0")
        for plan in missing:
            demo.build(plan, bare=options["bare"])
        if options["json"]:
            self.stdout.write(json.dumps({"clinics": [plan.slug for plan in demo.PLANS], "logins": _rows()}))
        else:
            self.stdout.write(_table())


def reset() -> None:
    """Empty the database of a demo. History is never deleted row by row, so its tables are made again."""
    with connection.cursor() as cursor:
        cursor.execute("select slug from all_clinics()")
        others = {slug for (slug,) in cursor.fetchall()} - {plan.slug for plan in demo.PLANS}
    if others:
        raise CommandError(f"Not reset: {', '.join(sorted(others))} would be lost with the demo.")
    connection.close()
    with connections["owner"].cursor() as cursor:
        cursor.execute(DROP_ALL)
    call_command("migrate", verbosity=0)
    connections["owner"].close()


def _rows() -> list[dict[str, str]]:
    return [
        {"clinic": plan.slug, "email": person.email, "role": str(person.role), "password": demo.PASSWORD}
        for plan, person in demo.logins()
    ]


def _table() -> str:
    lines = [f"{plan.name:16} {person.email:22} {person.role.label}" for plan, person in demo.logins()]
    return "\n".join([f"Demo logins (password {demo.PASSWORD}):", *lines])
