"""Lines and decisions have no key to the clinic of their own (decision 178): another one must prove it."""

import pytest
from django.db import connection

from balances.auto_apply import Skipped
from balances.models import Decision
from balances.services.decisions import store_decisions
from balances.services.runs import new_run
from balances.states import Source
from tests.balances.money import credit_of
from tests.factories import a_patient, a_payment

IMPLIED = {
    "balances_entry": ("posting_id", "balances_posting"),
    "balances_decision": ("run_id", "balances_autoapplyrun"),
}
WITHOUT = """
select attrelid::regclass::text from pg_attribute join pg_class on pg_class.oid = attrelid
where attname = 'clinic_id' and relkind = 'r' and relnamespace = 'public'::regnamespace and not exists (
  select from pg_constraint where conrelid = attrelid and contype = 'f' and confrelid = 'clinics_clinic'::regclass
    and conkey = array[attnum])
"""
KEY = """
select convalidated and attnotnull from pg_constraint
join pg_attribute on attrelid = conrelid and attname = %s
where conrelid = %s::regclass and contype = 'f' and confrelid = %s::regclass and conkey @> array[attnum]
  and pg_get_constraintdef(pg_constraint.oid) like 'FOREIGN KEY (clinic_id, %%) REFERENCES %%(clinic_id, id)'
"""


def asked(statement: str, *values: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall()


def test_only_these_tables_have_no_key_to_the_clinic_and_what_they_belong_to_has_one(db):
    without = {name for (name,) in asked(WITHOUT)}
    assert without == set(IMPLIED)
    assert not without & {parent for _, parent in IMPLIED.values()}


@pytest.mark.parametrize("table", IMPLIED)
def test_key_that_proves_the_clinic_is_never_empty(db, table):
    column, parent = IMPLIED[table]
    assert asked(KEY, column, table, parent) == [(True,)]


def test_sentence_with_the_character_between_texts_stays_one_decision(harbor):
    credit = credit_of(a_payment(harbor, a_patient(harbor).account, 1000))
    run = new_run(Source.AUTO)
    store_decisions(run, [Skipped(credit.pk, 600, "held for a\x1fb, {c}"), Skipped(credit.pk, 400, '"quoted", \\N')])
    kept = Decision.objects.filter(run=run).order_by("pk").values_list("amount", "reason")
    assert list(kept) == [(600, "held for a b, {c}"), (400, '"quoted", \\N')]
