"""The payments list as a file: exactly what is filtered, in its order, and no formula."""

import pytest

from clinicpay.audit.models import LIST_EXPORTED, AuditEvent
from clinicpay.clinics.scope import clinic_scope
from payments.views import export
from tests.downloads import read_csv, read_xlsx, xlsx_formats
from tests.factories import a_patient, make_clinic
from tests.payments.requests import a_request
from tests.payments.test_payments_page import COLUMNS, PLACE, ref, rita, some

__all__ = ["rita", "some"]  # fixtures


def exported(client, kind: str, query: str = "") -> bytes:
    answer = client.get(f"{PLACE}export.{kind}{query}")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="payments-harbor-')
    return answer.getvalue()


def test_export_is_what_is_filtered_in_its_order(rita, some):
    query = "?status=draft&status=pending&sort=-amount&page=7"

    header, *rows = read_csv(exported(rita, "csv", query))

    assert header == COLUMNS
    assert [row[0] for row in rows] == ref(some[0], some[1])
    assert rows[1][1:6] == ["Anna Berg", "50.00", "Draft", "", some[1].event.ref]
    assert rows[0][4] == some[0].due_date.isoformat()
    assert [row[0] for row in read_xlsx(exported(rita, "xlsx", query))] == ["Payment ID", *ref(some[0], some[1])]


def test_export_has_every_row_and_not_a_page(harbor, rita, monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 7)
    patient = a_patient(harbor)
    made = [a_request(harbor, patient, 100 + n) for n in range(40)]

    for rows in (read_csv(exported(rita, "csv", "?sort=number")), read_xlsx(exported(rita, "xlsx", "?sort=number"))):
        assert [row[0] for row in rows[1:]] == ref(*made)


@pytest.mark.parametrize("memo", ['=HYPERLINK("http://x.example")', "+1+1", "@SUM(A1)", "-2", "\t=1+1", "\x07<b>&"])
def test_export_starts_no_formula(harbor, rita, memo):
    a_request(harbor, a_patient(harbor, "=Anna", "Berg"), 12345, memo=memo)

    (row,) = read_csv(exported(rita, "csv"))[1:]
    assert not row[1].startswith("=")
    assert row[-1].lstrip("\t")[:1] not in {*"=+-@"}
    (same,) = read_xlsx(exported(rita, "xlsx"))[1:]
    assert (same[1], same[2]) == ("=Anna Berg", "123.45")


@pytest.mark.parametrize(
    ("currency", "text", "format_code"),
    [("USD", "1234.56", "#,##0.00"), ("JPY", "123456", "#,##0"), ("KWD", "123.456", "#,##0.000")],
)
def test_export_writes_the_decimals_of_the_currency(db, client, currency, text, format_code):
    """A workbook that shows two decimals of three is off by what nobody sees."""
    home = make_clinic("gulf", currency=currency)
    with clinic_scope(home.clinic, home.rita.user):
        a_request(home, a_patient(home), 123456)
    client.force_login(home.rita.user)
    place = "/c/gulf/payments/export.{}".format
    assert read_csv(client.get(place("csv")).getvalue())[1][2] == text
    book = client.get(place("xlsx")).getvalue()
    assert read_xlsx(book)[1][2] == text
    assert xlsx_formats(book, 2) == {format_code}


def test_export_is_kept_in_the_trail_as_a_copy(harbor, rita, some):
    exported(rita, "csv", "?status=draft&status=failed&due=range&due_on_after=2020-01-01")

    line = AuditEvent.objects.filter(action=LIST_EXPORTED).latest("pk")
    assert (line.actor_id, line.after["rows"]) == (harbor.rita.user_id, 1)
    assert line.after["asked"]["status"] == "draft, failed"


def test_export_is_refused_to_practitioners_and_beyond_its_size(harbor, rita, some, monkeypatch):
    monkeypatch.setattr(export, "MOST", 3)
    assert rita.get(f"{PLACE}export.csv").status_code == 409
    rita.force_login(harbor.petra.user)
    assert rita.get(f"{PLACE}export.csv").status_code == 403
