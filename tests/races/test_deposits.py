"""Deposits reconciliation by two admins, beside a night, and beside a refund: nothing twice, nothing lost (S4.32)."""

import threading

import pytest
from django.test import Client

from balances.models import AutoApplyRun, Charge, Credit, Entry
from balances.seen import Changed
from balances.states import EntryKind, Source
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.night import run_night
from deposits.plans import Plan, seal
from deposits.queries import Criteria, retrieve
from deposits.services import Shown, apply_all, apply_row
from payments.services import GoingBack, refund_payment
from payments.states import RefundReason
from tests.balances.invariants import broken
from tests.deposits.scene import Page, a_deposit, an_insurer, signed_in
from tests.direct import connect, scratch
from tests.factories import a_charge, a_patient
from tests.races.crowd import PATIENCE, a_clinic, failures, rush

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 8


@pytest.fixture
def scene():
    """A clinic with eight deposits of 7.00 beside invoices of 10.00, and an insurer's 20.00 for four of them."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        people = [a_patient(home, f"Patient {n}") for n in range(ROWS)]
        for patient in people:
            a_deposit(home, patient, 700)
            a_charge(home, patient, 1000)
        a_deposit(home, people[0], 2000, account=an_insurer(home, "Delta", *people[:4]))
    return home


def outcome(home) -> tuple[int, int, int]:
    """What is applied in all, what is left of deposits, what is owed."""
    with clinic_scope(home.clinic):
        assert not broken()
        live = Entry.objects.filter(kind=EntryKind.ALLOCATE, reversed_by=None)
        return (
            -sum(live.values_list("charge_delta", flat=True)),
            sum(Credit.objects.values_list("available", flat=True)),
            sum(Charge.objects.values_list("outstanding", flat=True)),
        )


WHOLE = (ROWS * 700 + 1200, 800, ROWS * 300 - 1200)
"""All deposits of families, and 3.00 of the insurer's for each of its four."""


def pages(home, count: int) -> list[Page]:
    """Browsers of admins and owners who have retrieved the same list."""
    members = [home.adam, home.olga, home.bill]
    return [Page(signed_in(members[n % 3]), home).retrieve() for n in range(count)]


def test_control_without_locks_two_bulk_runs_apply_the_same_deposit_twice():
    """Read what is available, decide, write: both have read before either has written."""
    both_have_read = threading.Barrier(2)

    def naive(_number: int) -> None:
        with connect() as connection:
            available = connection.execute("select 700 - coalesce(sum(applied), 0) from scratch").fetchone()[0]
            both_have_read.wait(PATIENCE)
            connection.execute("insert into scratch values (%s)", [available])

    with scratch("applied int"):
        assert not failures(rush(2, naive))
        with connect() as connection:
            assert connection.execute("select sum(applied) from scratch").fetchone()[0] == 1400


def test_two_admins_press_apply_all_at_once(scene):
    opened = pages(scene, 3)

    answers = rush(3, lambda n: opened[n].apply_all())

    assert not failures(answers)
    assert {answer.status_code for answer in answers} == {302}
    assert outcome(scene) == WHOLE
    with clinic_scope(scene.clinic):
        assert sum(AutoApplyRun.objects.values_list("allocated", flat=True)) == WHOLE[0]


def test_a_double_click_on_apply_all_is_one_run(scene):
    [page] = pages(scene, 1)
    cookies = page.client.cookies

    def press(_number: int):
        client = Client()
        client.cookies = cookies.copy()
        return Page(client, scene, page.asked, page.text).apply_all()

    answers = rush(4, press)

    assert not failures(answers)
    assert len({answer["Location"] for answer in answers}) == 1
    assert outcome(scene) == WHOLE
    with clinic_scope(scene.clinic):
        assert AutoApplyRun.objects.count() == 1


def test_apply_on_one_row_by_a_crowd_is_done_once_and_the_others_are_told(scene):
    opened = pages(scene, 3)
    ref = opened[0].invoices[-1]

    answers = rush(3, lambda n: opened[n].apply(ref))

    assert not failures(answers)
    applied, _, _ = outcome(scene)
    assert applied == 700
    told = [page.client.get(answer["Location"]).content.decode() for page, answer in zip(opened, answers, strict=True)]
    assert sum("nothing was saved" in text for text in told) == 2


def test_apply_all_while_the_night_applies(scene):
    """Both want the same deposits: each is applied once, whoever comes first."""
    with clinic_scope(scene.clinic):
        day, criteria = clock.today(scene.clinic), Criteria(scene.location)
        shown = Shown(200, seal(retrieve(criteria, 200).rows))

    def act(number: int):
        if number:
            return run_night(scene.clinic.pk, day)
        with clinic_scope(scene.clinic, scene.adam.user):
            return apply_all(criteria, shown, by=scene.adam)

    answers = rush(2, act)

    assert not [one for one in failures(answers) if not isinstance(one, Changed | Refusal)]
    applied, left, _ = outcome(scene)
    assert applied in {ROWS * 700, WHOLE[0]}  # the insurer's is applied by hand alone
    assert applied + left == ROWS * 700 + 2000


def test_a_deposit_is_refunded_while_its_row_is_applied(scene):
    """One of the two comes first; the other is refused, or works with what is left."""
    with clinic_scope(scene.clinic, scene.adam.user):
        row = retrieve(Criteria(scene.location), 200).rows[-1]
        plan, payment = Plan.of(row), Credit.objects.get(pk=row.parts[0].credit_id).payment

    def act(number: int):
        with clinic_scope(scene.clinic, scene.adam.user):
            if number:
                return refund_payment(payment, GoingBack(700, RefundReason.OTHER, "Asked"), by=scene.adam)
            return apply_row(plan, by=scene.adam)

    answers = rush(2, act)

    assert not [one for one in failures(answers) if not isinstance(one, Refusal)]
    applied, left, owed = outcome(scene)
    assert (applied, owed) == (0, ROWS * 1000)  # a refund takes back what was applied, too
    assert left == (ROWS - 1) * 700 + 2000


def test_desk_and_bulk_run_never_wait_for_each_other_crosswise(scene):
    """Many at once, rows and lists mixed: no deadlock, and the books agree."""
    opened = pages(scene, 6)
    refs = opened[0].invoices

    answers = rush(6, lambda n: opened[n].apply_all() if n % 2 else opened[n].apply(refs[n]))

    assert not failures(answers)
    applied, left, owed = outcome(scene)
    assert applied + left == ROWS * 700 + 2000
    assert owed == ROWS * 1000 - applied
    with clinic_scope(scene.clinic):
        assert set(Entry.objects.filter(kind="allocate").values_list("posting__source", flat=True)) == {
            Source.DEPOSIT_RECON
        }
