"""The payments list as a file: exactly what is filtered, in its order, and no formula."""

import csv
import io
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from clinicpay.audit.models import LIST_EXPORTED, AuditEvent
from payments.views import export
from tests.factories import a_patient
from tests.payments.requests import a_request
from tests.payments.test_payments_page import COLUMNS, PLACE, ref, rita, some

__all__ = ["rita", "some"]  # fixtures


def exported(client, kind: str, query: str = "") -> bytes:
    answer = client.get(f"{PLACE}export.{kind}{query}")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="payments-harbor-')
    return answer.getvalue()


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def read_xlsx(data: bytes) -> list[list[str]]:
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with ZipFile(io.BytesIO(data)) as book:
        assert book.testzip() is None
        for name in book.namelist():
            ElementTree.fromstring(book.read(name))
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
    assert sheet.find(f".//{space}f") is None, "no cell is a formula"
    fills = [[one.get("patternType") for one in fill] for fill in styles.find(f"{space}fills")]
    assert fills == [["none"], ["gray125"]], "a fill without its pattern is a broken workbook to those who read it"
    assert styles.find(f"{space}cellStyles/{space}cellStyle").get("name") == "Normal"
    return [["".join(one.itertext()) for one in row] for row in sheet.iter(f"{space}row")]


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
