"""S0.35: after its close a day can leave for bookkeeping, balanced, once, and exactly as it was."""

import hashlib
import io
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.db import connection

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.services import reopen_day, start_review
from clinicpay.exports.days import chosen_days, not_closed
from clinicpay.exports.models import Export, ExportDay
from clinicpay.exports.services import LeftBefore, make_export
from clinicpay.exports.states import What
from clinicpay.staff.access import Refused
from followups.schedule import Terms
from followups.services import approve_write_off, request_write_off, start_plan
from followups.states import Frequency
from payments.services import GoingBack, refund_payment, reverse_payment
from payments.states import Method, RefundReason
from tests.exports.scene import a_bill, again, cents, close, content, made, past, table, wish
from tests.factories import a_patient, a_payment, an_event


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def day(harbor, ethan):
    """Yesterday, closed: 100.00 billed and paid, 30.00 in hand."""
    on = past(harbor, 1)
    charge = a_bill(harbor, ethan, 10000, on=on)
    a_payment(harbor, ethan.account, 13000, (charge, 10000), on=on)
    return close(harbor, on)


def test_S0_35_journal_of_a_closed_day_balances_and_carries_codes(harbor, day):
    export = made(harbor, "journal", day)

    assert [
        (row["Account code"], row["Ledger account"], row["Tender"], row["Debit"], row["Credit"])
        for row in table(export)
    ] == [
        ("1200", "Accounts receivable", "", "100.00", "100.00"),
        ("4000", "Revenue", "", "", "100.00"),
        ("1000", "Money received", "Cash", "130.00", ""),
        ("2100", "Unapplied payments", "", "100.00", "130.00"),
    ]
    assert (export.debit, export.credit, export.rows) == (33000, 33000, 4)
    assert {row["Close"] for row in table(export)} == {day.ref}


def test_S0_35_lines_of_the_journal_balance_act_by_act(harbor, day):
    export = made(harbor, "lines", day)
    acts = {}
    for row in table(export):
        acts.setdefault(row["Act"], []).append(cents(row["Debit"]) - cents(row["Credit"]))

    assert {act: sum(sides) for act, sides in acts.items()} == {"1": 0, "2": 0, "3": 0}
    assert {row["Payment"] for row in table(export)} == {"", "PAY-001"}
    assert (export.debit, export.credit) == (33000, 33000)


def test_S0_35_every_kind_of_act_balances_and_agrees_with_the_close(harbor, ethan):
    """Refunds, reversals, write-offs, plans: debit = credit, tenders and acts as the close keeps them."""
    closed = close(harbor, _busy(harbor, ethan))
    kinds = {"charge", "receive", "reverse_payment", "refund", "write_off", "convert", "credit_note"}
    assert kinds < set(closed.snapshot["acts"])
    kept = {name: {"in": one["in"], "out": one["out"]} for name, one in closed.snapshot["tenders"].items()}
    for what in ("journal", "lines"):
        rows = table(made(harbor, what, closed))
        assert sum(cents(row["Debit"]) for row in rows) == sum(cents(row["Credit"]) for row in rows) > 0
        assert _by_tender(rows, "Tender", "Debit", "Credit") == kept
    sheet = table(made(harbor, "sheet", closed))
    assert sum(int(row["Count"] or 0) for row in sheet) == sum(closed.snapshot["acts"].values())
    assert _by_tender([row for row in sheet if row["In"]], "Name", "In", "Out") == kept


def _by_tender(rows, name, came, went):
    found = {}
    for row in rows:
        if row[name]:
            both = found.setdefault(row[name].lower(), {"in": 0, "out": 0})
            both["in"] += cents(row[came])
            both["out"] += cents(row[went])
    return found


def _busy(harbor, ethan):
    """Today, with every kind of act that moves money."""
    charge = a_bill(harbor, ethan, 50000)
    payment = a_payment(harbor, ethan.account, 12000, (charge, 12000))
    reverse_payment(a_payment(harbor, ethan.account, 700), by=harbor.bill, reason="entered twice")
    back = GoingBack(2000, RefundReason.PATIENT_REQUEST, "gave too much", reduce_charge=True, method=Method.CARD)
    refund_payment(payment, back, by=harbor.olga)
    mia, today = a_patient(harbor, "Mia"), past(harbor, 0)
    start_plan(mia.account, [a_bill(harbor, mia, 9000)], Terms(3000, Frequency.MONTHLY, today), by=harbor.bill)
    given_up = a_bill(harbor, mia, 3000).invoice
    approve_write_off(request_write_off(mia.account, [given_up], by=harbor.bill, reason="Moved away"), by=harbor.olga)
    return today


def test_S0_35_day_that_is_open_does_not_leave(harbor, ethan):
    a_payment(harbor, ethan.account, 100)
    review = start_review(harbor.location, past(harbor, 0), by=harbor.adam)

    assert _not_closed(harbor, 1, 0) == [(past(harbor, 0), str(harbor.location))]
    with pytest.raises(Refusal, match="There is no close"):
        make_export(wish("journal", []).__class__("journal", "csv", frozenset({77}), ""), by=harbor.adam)
    assert review.number is None


def _not_closed(harbor, first, last, location=None):
    found = not_closed(harbor.clinic, past(harbor, first), past(harbor, last), location)
    return [(one.day, one.location) for one in found]


def test_days_an_export_waits_for_are_those_that_somebody_can_close(harbor, ethan):
    """The rule of Daily close: no history from before the clinic came, but treatments that nothing was posted for."""
    here = str(harbor.location)
    annex = Location.objects.create(name="Annex")
    harbor.clinic.created_at -= timedelta(days=4)
    a_payment(harbor, ethan.account, 100, on=past(harbor, 6))  # brought in
    an_event(harbor, ethan, 100, service_at=clock.noon(harbor.clinic, past(harbor, 3)))
    a_payment(harbor, ethan.account, 100, on=past(harbor, 2))
    a_payment(harbor, ethan.account, 100, on=past(harbor, 1), location=annex)

    assert _not_closed(harbor, 9, 0) == [(past(harbor, 3), here), (past(harbor, 2), here), (past(harbor, 1), "Annex")]
    assert _not_closed(harbor, 2, 2) == [(past(harbor, 2), here)]
    assert _not_closed(harbor, 9, 0, annex) == [(past(harbor, 1), "Annex")]
    close(harbor, past(harbor, 3))
    assert _not_closed(harbor, 9, 2) == [(past(harbor, 2), here)]


def test_S0_35_export_that_left_before_is_asked_about(harbor, day):
    first = made(harbor, "journal", day)

    with pytest.raises(LeftBefore, match=first.ref):
        made(harbor, "journal", day)
    second = made(harbor, "journal", day, again=True)

    assert (first.again, second.again) == (False, True)
    assert content(first) == content(second)
    assert made(harbor, "sheet", day).again is False  # another kind is another file


def test_S0_35_day_that_was_closed_again_leaves_as_the_difference(harbor, ethan, day):
    first = made(harbor, "journal", day)
    reopen_day(harbor.location, day.day, by=harbor.olga, reason="A payment was forgotten")
    a_payment(harbor, ethan.account, 500, on=day.day)
    version_2 = again(harbor, day.day)

    rest = made(harbor, "journal", version_2)
    whole = made(harbor, "journal", version_2, whole=True, again=True)

    assert [(row["Tender"], row["Debit"], row["Credit"]) for row in table(rest)] == [
        ("Cash", "5.00", ""),
        ("", "", "5.00"),
    ]
    assert {row["Note"] for row in table(rest)} == {"Version 2: changes since version 1"}
    assert {row["Note"] for row in table(whole)} == {f"Version 2: replaces version 1 of {first.ref}"}
    assert first.debit + rest.debit == whole.debit
    sheet = [row for row in table(made(harbor, "sheet", version_2)) if row["In"]]
    assert [(row["Name"], row["In"]) for row in sheet] == [("Cash", "135.00")]  # no sheet of it had left


def test_version_that_was_opened_again_does_not_leave(harbor, day):
    asked = wish("journal", [day])
    reopen_day(harbor.location, day.day, by=harbor.olga, reason="A payment was forgotten")

    with pytest.raises(Refusal, match="was opened again"):
        make_export(asked, by=harbor.adam)


def test_what_left_meanwhile_is_looked_at_again(harbor, day):
    asked = wish("journal", [day], again=True)
    made(harbor, "journal", day)

    with pytest.raises(Refusal, match="changed since you looked"):
        make_export(asked, by=harbor.adam)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("what", What.values)
def test_S0_35_file_is_kept_with_its_hash(harbor, day, what, kind):
    export = made(harbor, what, day, kind=kind)
    data = content(export)

    assert (len(data), hashlib.sha256(data).hexdigest()) == (export.size, export.sha256)
    if kind == "xlsx":
        assert ZipFile(io.BytesIO(data)).testzip() is None
    line = AuditEvent.objects.get(action="export.made", subject=export.ref)
    assert (line.after["sha256"], line.after["days"]) == (export.sha256, 1)
    connection.check_constraints()


def test_treatments_of_a_day_leave_with_what_they_owe(harbor, ethan):
    from balances.services import complete_event
    from clinicpay.clinics import clock
    from tests.factories import a_review, an_event, some_evidence

    on = past(harbor, 0)
    event = an_event(harbor, ethan, 10000, service_at=clock.noon(harbor.clinic, on), discipline="=Hygiene")
    complete_event(event, by=harbor.petra)
    a_payment(harbor, ethan.account, 4000, (event.charges.get(), 4000))
    a_review(harbor, event)
    some_evidence(harbor, event)

    (row,) = table(made(harbor, "events", close(harbor, on)))

    assert (row["Treatment"], row["Patient"], row["Discipline"]) == (event.ref, "Ethan Park", "'=Hygiene")
    assert (row["Charged"], row["Paid"], row["Left"], row["State"]) == ("100.00", "40.00", "60.00", "Reviewed")
    assert (row["Review"], row["Evidence"], row["Written off"]) == ("Outstanding balance", "1", "0.00")


def test_locations_stand_apart(harbor, ethan, day):
    annex = Location.objects.create(name="Annex")
    a_payment(harbor, ethan.account, 900, on=day.day, location=annex)
    other = close(harbor, day.day, annex)

    rows = table(made(harbor, "journal", day, other))

    assert [row["Location"] for row in rows] == ["Annex"] * 2 + ["Main"] * 4 or {"Annex"} < {
        row["Location"] for row in rows
    }
    assert {row["Debit"] for row in rows if row["Location"] == "Annex"} == {"9.00", ""}


@pytest.mark.parametrize("who", ["rita", "bill", "petra"])
def test_only_admins_and_owners_export(harbor, day, who):
    with pytest.raises(Refused):
        make_export(wish("journal", [day]), by=harbor.members[who])
    assert not Export.objects.exists()


def test_each_version_knows_what_left(harbor, day):
    export = made(harbor, "journal", day)

    (one,) = chosen_days("journal", [day])

    assert one.again
    assert one.again.export == export
    assert chosen_days("sheet", [day])[0].again is None
    assert ExportDay.objects.get().since is None
