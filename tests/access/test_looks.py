"""Whoever is shown patients' data leaves a line in the trail, on every address that shows any (C2)."""

import pytest

from clinicpay.audit.models import LIST_EXPORTED, LIST_VIEWED, RECORD_EXPORTED, RECORD_VIEWED, REFUSED, AuditEvent
from clinicpay.clinics.scope import clinic_scope
from tests.access.samples import HTMX, IN_CLINIC, body_of, named, path_of, right, who_of
from tests.factories import PEOPLE

pytestmark = pytest.mark.django_db

SHOW_NO_PATIENTS = {
    "exports": "sums of closed days",
    "export_new": "sums of closed days",
    "export": "sums of closed days",
    "export_history": "sums of closed days",
    "settings_codes": "codes of bookkeeping",
    "overview_ages": "sums by age",
    "finance": "links",
    "billing_work": "counts and sums",
    "find": "leads to the page or the list that it finds",
    "patient_new": "an empty form",
    "payer_remove": "an act, which is recorded itself",
    "treatment_complete": "an act, which is recorded itself",
    "event_flag": "an act, which is recorded itself",
    "event_confirm": "an act, which is recorded itself",
    "callback_cancel": "an act, which is recorded itself",
    "callback_take": "an act, which is recorded itself",
    "promise_unpaid": "an act, which is recorded itself",
    "calendar_feed": "the person's own address",
    "settings_promises": "a number of days",
    "follow_up_totals": "counts and sums of all accounts",
    "follow_up_review": "figures of people of the clinic",
    "follow_up_review_csv": "figures of people of the clinic",
    "follow_up_review_xlsx": "figures of people of the clinic",
    "case_worker": "an act, which is recorded itself",
    "statement_run_progress": "counts of a batch",
    "statement_run_stop": "an act, which is recorded itself",
    "statement_run_again": "an act on a batch that was recorded before",
    "treatment_start": "an act, which is recorded itself",
    "payment_receipt_pdf": "leads to the receipt",
    "auto_apply": "counts and sums of runs",
    "auto_apply_preview": "an act, which is recorded itself",
    "auto_apply_progress": "counts of a run",
    "auto_apply_stop": "an act, which is recorded itself",
    "auto_apply_again": "an act on a run that was recorded before",
    "deposit_apply": "an act, which is recorded itself",
    "deposits_apply_all": "an act, which is recorded itself",
    "deposit_run_progress": "counts of a run",
    "deposit_run_stop": "an act, which is recorded itself",
    "deposit_run_again": "an act on a run that was recorded before",
    "allocation_rules": "rules, and sentences about numbers",
    "night_run_now": "an act, which is recorded itself",
    "ledger_proof": "counts alone",
    "trail_proof": "counts alone",
    "slips_csv": "sums of slips",
    "slips_xlsx": "sums of slips",
    "close_days": "sums of days",
    "close_proof": "seals of days",
    "close_review": "an act, which is recorded itself",
    "close_act": "an act, which is recorded itself",
    "close_count": "pieces of notes and coins",
    "close_paper": "whether a paper is there",
    "close_reopen": "an act, which is recorded itself",
    "day_history": "sums of a day",
    "settings_day": "an hour",
    "slips": "sums of places and of slips",
    "slip_print": "an act, which is recorded itself",
    "slip_paper": "whether a paper is there",
    "slip_discard": "an act, which is recorded itself",
    "slip_history": "sums of a slip",
    "settings_refunds": "an amount",
    "settings_checks": "a number of days",
    "settings_own_fields": "names of fields, and counts",
    "settings_delegations": "people of the clinic",
    "delegation_withdraw": "an act, which is recorded itself",
    "write_off_approve": "an act, which is recorded itself",
    "settings_team": "people of the clinic",
    "settings_member": "people of the clinic",
    "member_remove": "an act, which is recorded itself",
    "member_second_step": "an act, which is recorded itself",
    "member_sign_out": "an act, which is recorded itself",
    "member_practitioner": "an act, which is recorded itself",
    "invitation_withdraw": "an act, which is recorded itself",
    "settings_clinic": "the clinic itself",
    "settings_sign_in": "how people sign in",
    "settings_gateway": "who takes cards",
    "link_make": "an act, which is recorded itself",
    "link_revoke": "an act, which is recorded itself",
    "gateway_task_decide": "an act, which is recorded itself",
    "settings_practitioners": "people of the clinic",
    "settings_locations": "places",
    "settings_prices": "fees",
    "settings_history": "people, places and fees",
    "settings_practitioner": "people of the clinic",
    "settings_practitioner_active": "an act, which is recorded itself",
    "settings_location": "places",
    "settings_location_active": "an act, which is recorded itself",
    "settings_price": "fees",
    "settings_price_active": "an act, which is recorded itself",
    "settings_import": "columns of files",
    "import_template": "columns of files",
    "view_save": "a name for a list",
    "view_edit": "a name for a list",
    "view_remove": "an act, which is recorded itself",
    "notice_dismiss": "puts a notice away",
    "part_keep": "remembers a fold",
}
"""Addresses that leave no line, and why. A new address is marked `shows=…`, or stands here."""

SHOWING = [one for one in IN_CLINIC if one.name not in SHOW_NO_PATIENTS]


OF_SEVERAL = {"patients.account", "followups.plan", "exports.export"}
"""Records that may be about several patients."""


def _looks(world, **where) -> list[AuditEvent]:
    with clinic_scope(world.home.clinic):
        return list(AuditEvent.objects.filter(**where).order_by("pk"))


def _new(world, since: list[AuditEvent], **where) -> list[AuditEvent]:
    return [one for one in _looks(world, **where) if one not in since]


def _reader(one) -> str:
    if one.name == "home":  # it leads reception on, and shows the others a page
        return "petra"
    return next(who for who in ("rita", "petra", "olga") if who in who_of(right(one.view, "get")))


@pytest.mark.parametrize("one", IN_CLINIC, ids=named)
def test_address_is_marked_or_listed(one):
    assert bool(one.view.shows) != (one.name in SHOW_NO_PATIENTS), "mark the view `shows=…`, or list it with a reason"


def test_no_list_of_exceptions_outlives_its_addresses():
    assert set(SHOW_NO_PATIENTS) <= {one.name for one in IN_CLINIC}


@pytest.mark.parametrize("one", SHOWING, ids=named)
def test_look_leaves_a_line(worlds, one):
    north, _ = worlds
    who, before = _reader(one), _looks(north)

    answer = north.browser(who).get(path_of(one, north))

    assert answer.status_code == 200
    (line,) = _new(north, before)
    assert line.actor_id == north.home.members[who].user_id
    assert line.action in {RECORD_VIEWED, RECORD_EXPORTED, LIST_VIEWED, LIST_EXPORTED}
    assert (line.via, line.request_id) == (f"GET {one.name}", answer["X-Request-ID"])
    if line.action not in {LIST_VIEWED, LIST_EXPORTED}:
        assert line.subject_id
        # whose treatment is to be reviewed, and whose invoices were corrected
        named = {north.patient.pk, north.reviewed().patient_id, north.void.event.patient_id}
        assert line.patient_id in named or line.subject_type in OF_SEVERAL


@pytest.mark.parametrize("one", [one for one in IN_CLINIC if one not in SHOWING], ids=named)
def test_unmarked_address_shows_no_patient(worlds, one):
    """The control of the list above: neither the patient's name nor number stands on the page."""
    north, _ = worlds
    for who in PEOPLE:
        body = body_of(north.browser(who).get(path_of(one, north)))
        assert north.patient.name not in body
        assert north.patient.phone not in body


def test_list_keeps_what_it_was_narrowed_down_to_and_how_many_rows_it_showed(worlds):
    north, _ = worlds
    north.browser("rita").get(f"/c/{north.slug}/payments/?q={north.canary}&status=paid&page=1&sort=number")

    line = _looks(north, action=LIST_VIEWED)[-1]

    assert line.subject == "payments"
    assert line.after["asked"] == {"q": north.canary, "status": "paid"}
    assert line.after["rows"] >= 1


def test_copy_on_paper_is_told_from_a_look(worlds):
    north, _ = worlds
    north.browser("rita").get(f"/c/{north.slug}/receipts/{north.receipt.ref}/receipt.pdf")

    line = _looks(north, action=RECORD_EXPORTED)[-1]

    assert (line.subject, line.patient_id) == (north.receipt.ref, north.patient.pk)


def test_part_that_is_fetched_again_and_again_is_one_line(worlds):
    north, _ = worlds
    rita, place = (
        north.browser("rita"),
        f"/c/{north.slug}/patients/?q=nobodyelse",
    )  # who walked all pages has not asked so
    before = _looks(north)

    for _ in range(5):
        rita.get(place, headers=HTMX)
    rita.get(f"{place}zz", headers=HTMX)
    north.browser("bill").get(place, headers=HTMX)

    assert len(_new(north, before)) == 3  # two searches of Rita's, and Bill's own look


def test_page_that_is_loaded_again_is_another_look(worlds):
    north, _ = worlds
    rita, before = north.browser("rita"), _looks(north)

    for _ in range(2):
        rita.get(f"/c/{north.slug}/patients/{north.patient.ref}/")

    assert len(_new(north, before)) == 2


def test_history_of_an_open_record_is_no_second_look(worlds):
    north, _ = worlds
    rita, before = north.browser("rita"), _looks(north)

    rita.get(f"/c/{north.slug}/patients/{north.patient.ref}/")
    rita.get(f"/c/{north.slug}/patients/{north.patient.ref}/history/", headers=HTMX)

    assert len(_new(north, before)) == 1


@pytest.mark.parametrize("missing", ["patients/PT-999/", "treatments/TE-999/", "nowhere/"])
def test_what_is_not_found_leaves_no_line(worlds, missing):
    north, _ = worlds
    before = _looks(north)

    assert north.browser("rita").get(f"/c/{north.slug}/{missing}").status_code == 404

    assert _new(north, before) == []


def test_refused_attempt_is_kept_once_with_who_and_what(worlds):
    north, _ = worlds
    petra, before = north.browser("petra"), _looks(north)

    for _ in range(3):
        assert petra.get(f"/c/{north.slug}/payments/{north.payment.ref}/").status_code == 403

    (line,) = _new(north, before)
    assert (line.action, line.subject) == (REFUSED, f"payment {north.payment.ref}")
    assert line.actor_id == north.home.petra.user_id
    assert line.after["answer"].startswith("You can't see payments and balances.")


def test_refused_act_leaves_the_attempt_alone(worlds):
    north, _ = worlds
    before = _looks(north)

    north.browser("petra").post(f"/c/{north.slug}/payments/{north.payment.ref}/reverse/", {"reason": "mine"})

    assert [line.via for line in _new(north, before)] == ["POST payment_reverse"]


def test_member_of_another_clinic_leaves_nothing_here(worlds):
    north, south = worlds
    before = _looks(south)

    assert north.browser("olga").get(f"/c/{south.slug}/patients/{south.patient.ref}/").status_code == 404

    assert _new(south, before) == []
