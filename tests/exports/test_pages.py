"""S0.35 as people use it: choose closed days, look at the totals, export, and find the file again."""

import re
from datetime import timedelta

import pytest

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.models import Location
from clinicpay.close.services import reopen_day
from clinicpay.exports.codes import Code, Key, chart
from clinicpay.exports.days import chosen_days, seal_of
from clinicpay.exports.forms import field_name
from clinicpay.exports.models import AccountCode, Export
from clinicpay.exports.services import set_codes
from tests.access.samples import Words
from tests.exports.scene import a_bill, again, close, content, made, past, table, url
from tests.factories import a_patient, a_payment
from treatments.models import PriceItem

CASH, REVENUE = Key("tender", "cash"), Key("revenue")


@pytest.fixture
def adam(harbor, client):
    client.force_login(harbor.adam.user)
    return client


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def day(harbor, ethan):
    """Yesterday, closed: 100.00 billed and paid in cash."""
    on = past(harbor, 1)
    a_payment(harbor, ethan.account, 10000, (a_bill(harbor, ethan, 10000, on=on), 10000), on=on)
    return close(harbor, on)


def _text(answer, status=200) -> str:
    assert answer.status_code == status, answer.status_code
    return Words(answer.content.decode()).text


def _sent(what, *closes, **more):
    seal = seal_of(what, chosen_days(what, closes, whole=bool(more.get("whole"))))
    return {"what": what, "day": [one.ref for one in closes], "seal": seal} | more


def test_S0_35_admin_reviews_exports_and_downloads(harbor, adam, day):
    new = url(harbor, "export_new")
    assert day.ref in _text(adam.get(new))

    totals = _text(adam.post(new, {"what": "journal", "day": [day.ref]}))
    assert "Balanced" in totals
    assert "Debit equals credit" in totals
    answer = adam.post(new, _sent("journal", day, kind="csv"))
    export = Export.objects.get()

    assert answer["Location"] == url(harbor, "export", number=export.number)
    page = _text(adam.get(answer["Location"]))
    assert export.sha256 in page
    file = adam.get(url(harbor, "export_file", number=export.number))
    assert file.getvalue() == content(export)
    assert file["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    looked = AuditEvent.objects.filter(action="record.exported").latest("pk")
    assert (looked.subject, looked.actor_id) == (export.ref, harbor.adam.user_id)
    assert export.ref in _text(adam.get(url(harbor, "exports")))
    assert "exported EX-001: Journal of" in _text(adam.get(url(harbor, "export_history", number=export.number)))


def test_S0_35_second_export_says_when_and_by_whom_and_asks(harbor, adam, day):
    first = made(harbor, "journal", day)
    new = url(harbor, "export_new")

    totals = _text(adam.post(new, {"what": "journal", "day": [day.ref]}))
    assert first.ref in totals
    assert "by Rita, version 1" in totals
    refused = _text(adam.post(new, _sent("journal", day, kind="csv")), 422)
    assert f"left before, with {first.ref}" in refused
    assert Export.objects.count() == 1

    assert adam.post(new, _sent("journal", day, kind="csv", again="on")).status_code == 302
    assert Export.objects.latest("pk").again


@pytest.mark.parametrize("what", ["journal", "lines", "sheet", "events"])
def test_S0_35_what_the_page_sends_by_itself_is_exported(harbor, adam, day, what):
    """The form as it was drawn, sent back as a browser does it: its own seal is the one that is asked for."""
    new = url(harbor, "export_new")
    page = adam.post(new, {"what": what, "day": [day.ref]}).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(what|seal|day)" value="([^"]*)"', page))

    answer = adam.post(new, {**hidden, "kind": "csv"})

    assert answer.status_code == 302, _text(answer, 422)
    assert Export.objects.get().what == what


def test_double_click_exports_once(harbor, adam, day):
    sent = _sent("journal", day, kind="csv")

    answers = [adam.post(url(harbor, "export_new"), sent).status_code for _ in range(2)]

    assert answers == [302, 422]
    assert Export.objects.count() == 1


def test_S0_35_open_day_is_named_and_not_offered(harbor, adam, ethan, day):
    a_payment(harbor, ethan.account, 500)
    span = f"?first={past(harbor, 1)}&last={past(harbor, 0)}"

    page = _text(adam.get(url(harbor, "export_new") + span))

    assert "Only closed days leave. Not closed yet" in page
    assert page.count("DC-") >= 1
    today = _text(adam.get(url(harbor, "export_new") + f"?first={past(harbor, 0)}&last={past(harbor, 0)}"))
    assert "Close a day first" in today


def test_day_that_was_opened_meanwhile_is_refused_in_words(harbor, adam, day):
    sent = _sent("journal", day, kind="csv")
    reopen_day(harbor.location, day.day, by=harbor.olga, reason="A payment was forgotten")

    assert "was opened again" in _text(adam.post(url(harbor, "export_new"), sent), 422)
    assert not Export.objects.exists()


def test_closed_again_offers_the_difference_or_the_whole(harbor, adam, ethan, day):
    made(harbor, "journal", day)
    reopen_day(harbor.location, day.day, by=harbor.olga, reason="A payment was forgotten")
    a_payment(harbor, ethan.account, 700, on=day.day)
    version_2 = again(harbor, day.day)
    new = url(harbor, "export_new")

    rest = _text(adam.post(new, {"what": "journal", "day": [version_2.ref]}))
    whole = _text(adam.post(new, {"what": "journal", "day": [version_2.ref], "whole": "1"}))

    assert "changes since version 1" in rest
    assert "$107.00" not in rest
    assert "replaces version 1" in whole
    assert "$107.00" in whole


def test_day_that_was_closed_again_before_it_ever_left_says_not_yet(harbor, adam, day):
    reopen_day(harbor.location, day.day, by=harbor.olga, reason="A payment was forgotten")
    version_2 = again(harbor, day.day)

    page = _text(adam.post(url(harbor, "export_new"), {"what": "journal", "day": [version_2.ref]}))

    assert f"{version_2.ref} version 2" in page
    assert "Not yet" in page


WRONG = {
    "first=2026-05-02&last=2026-05-01": "The first day is after the last one.",
    "first=2020-01-01&last=2026-01-01": "Choose a year at most.",
    "first=never&last=2026-01-01": "Enter a valid date.",
    "location=999999": "Select a valid choice.",
    "what=everything": "Closed days",
    "first=%00": "valid",
}


@pytest.mark.parametrize("asked", WRONG)
def test_wrong_span_is_answered_in_words(harbor, adam, day, asked):
    answer = adam.get(f"{url(harbor, 'export_new')}?{asked}")

    assert answer.status_code in {200, 422}
    assert WRONG[asked] in _text(answer, answer.status_code)


SENT = [
    ({"what": "journal"}, "Tick the days to export."),
    ({"what": "journal", "day": ["DC-999"]}, "There is no close DC-999."),
    ({"what": "journal", "day": ["nonsense", "\0"]}, "Tick the days to export."),
    ({"what": "journal", "day": ["DC-99999999999999999999"]}, "Tick the days to export."),
    ({"what": "everything", "day": ["DC-001"]}, "Select a valid choice"),
    ({"what": "journal", "day": ["DC-001"], "kind": "pdf"}, "A file is CSV or Excel."),
    ({"what": "journal", "day": ["DC-001"], "kind": "csv", "seal": "forged"}, "changed since you looked"),
    ({}, "Tick the days to export."),
]


@pytest.mark.parametrize(("sent", "words"), SENT)
def test_wrong_form_is_answered_in_words_and_exports_nothing(harbor, adam, day, sent, words):
    assert words in _text(adam.post(url(harbor, "export_new"), sent), 422)
    assert not Export.objects.exists()


@pytest.mark.parametrize("who", ["rita", "bill", "petra"])
def test_only_admins_and_owners_open_exports(harbor, client, day, who):
    export = made(harbor, "journal", day)
    client.force_login(harbor.members[who].user)
    pages = [url(harbor, "exports"), url(harbor, "export_new"), url(harbor, "export", number=export.number)]

    for page in [*pages, url(harbor, "export_file", number=export.number), url(harbor, "settings_codes")]:
        refused = client.get(page)
        assert refused.status_code == 403
        assert "Admin or Owner" in refused.content.decode()


def test_long_list_of_exports_is_narrowed_down(harbor, adam, day):
    first = made(harbor, "journal", day)
    sheet = made(harbor, "sheet", day)
    exports = url(harbor, "exports")

    assert sheet.ref not in _text(adam.get(f"{exports}?what=journal"))
    assert first.ref not in _text(adam.get(f"{exports}?q={sheet.ref}"))
    assert first.ref not in _text(adam.get(f"{exports}?on_before={day.day - timedelta(days=1)}"))
    assert first.ref in _text(adam.get(f"{exports}?on_after={day.day}&on_before={day.day}"))


def test_account_codes_are_set_with_a_line_of_the_trail(harbor, adam, day):
    page = url(harbor, "settings_codes")
    assert "Accounts receivable" in _text(adam.get(page))

    sent = {field_name("code", CASH): "1-100", field_name("name", CASH): "Till"}
    assert adam.post(page, _all(harbor) | sent).status_code == 302

    line = AuditEvent.objects.get(action="account_code.set")
    assert (line.before["code"], line.after["code"], line.after["account"]) == ("1000", "1-100", "Cash")
    assert AccountCode.objects.count() == 1  # what is usual stays unsaid
    assert {row["Account code"] for row in table(made(harbor, "journal", day)) if row["Tender"]} == {"1-100"}


def _all(harbor, place=None):
    """The page as it stands."""
    known = chart()
    return {
        field_name(part, key): value
        for key in (Key(*one) for one in _keys())
        for part, value in known.of(key, place)._asdict().items()
    }


def _keys():
    from clinicpay.exports.codes import USUAL

    return list(USUAL)


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("=1+1", "", "Use letters, digits"),
        ("x" * 21, "", "at most 20 characters"),
        ("", "Till", "Give this name a code"),
        ("1\0", "", "Null characters are not allowed"),
    ],
)
def test_wrong_code_is_answered_under_its_field(harbor, adam, code, name, words):
    sent = _all(harbor) | {field_name("code", CASH): code, field_name("name", CASH): name}

    assert words in _text(adam.post(url(harbor, "settings_codes"), sent), 422)
    assert not AccountCode.objects.exists()


def test_missing_code_is_a_warning_and_leaves_without_one(harbor, adam, day):
    set_codes({CASH: Code("", "")}, location=None, by=harbor.adam)

    totals = _text(adam.post(url(harbor, "export_new"), {"what": "journal", "day": [day.ref]}))

    assert "No account code: Cash" in totals
    (row,) = [row for row in table(made(harbor, "journal", day)) if row["Tender"]]
    assert (row["Account code"], row["Debit"]) == ("", "100.00")


def test_export_keeps_the_codes_of_then(harbor, adam, day):
    export = made(harbor, "journal", day)
    set_codes({CASH: Code("Z1999", "New till")}, location=None, by=harbor.adam)

    page = _text(adam.get(url(harbor, "export", number=export.number)))

    assert "1000" in page
    assert "Z1999" not in page  # a hash may have any four digits
    assert {row["Account code"] for row in table(export) if row["Tender"]} == {"1000"}


def test_location_and_discipline_have_codes_of_their_own(harbor, adam, ethan):
    PriceItem.objects.create(code="D1", description="Cleaning", discipline="Hygiene", fee=100)
    annex = Location.objects.create(name="Annex")
    hygiene, on = Key("revenue", discipline="Hygiene"), past(harbor, 1)
    a_bill(harbor, ethan, 6000, on=on, discipline="Hygiene")
    a_bill(harbor, ethan, 4000, on=on, discipline="General")
    a_payment(harbor, ethan.account, 900, on=on, location=annex)
    days = [close(harbor, on), close(harbor, on, annex)]
    assert "Revenue, Hygiene" in _text(adam.get(url(harbor, "settings_codes")))
    set_codes({hygiene: Code("4010", "Hygiene")}, location=None, by=harbor.adam)
    place = f"{url(harbor, 'settings_codes')}?location={annex.pk}"
    assert adam.post(place, {field_name("code", CASH): "1001", field_name("name", CASH): "Till 2"}).status_code == 302

    rows = table(made(harbor, "journal", *days))

    revenue = {row["Discipline"]: (row["Account code"], row["Credit"]) for row in rows if "Revenue" in row.values()}
    assert revenue == {"Hygiene": ("4010", "60.00"), "": ("4000", "40.00")}
    assert [row["Account code"] for row in rows if row["Tender"]] == ["1001"]
    assert 'placeholder="1000"' in adam.get(place).content.decode()
