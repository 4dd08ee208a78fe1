"""Documents of a payment and of a treatment: what is taken, what is given back, and what stays of a removed one."""

import hashlib
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clinicpay.audit.models import RECORD_EXPORTED, AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.access import Refused
from clinicpay.ui.uploads import EXCEL, MOST, TOGETHER, WORD, Checked, checked
from payments.models import Document, DocumentContent
from payments.services import attach_document, remove_document
from tests.factories import a_patient, a_payment, an_event
from tests.payments import bring

TEXT = "text/plain"

CASES = [
    # name, bytes, the type it is kept as; "" for refused
    ("a pdf", "slip.pdf", bring.PDF, "application/pdf"),
    ("upper case", "SLIP.PDF", bring.PDF, "application/pdf"),
    ("no ending", "slip", bring.PDF, ""),
    ("a png", "scan.png", bring.png(), "image/png"),
    ("a 10k-pixel image", "large.png", bring.png(10_000, 10_000), "image/png"),
    ("a jpeg", "photo.jpg", bring.JPEG, "image/jpeg"),
    ("a jpeg with EXIF", "photo.jpeg", bring.EXIF, "image/jpeg"),
    ("a gif", "small.gif", bring.GIF, "image/gif"),
    ("a webp", "phone.webp", bring.WEBP, "image/webp"),
    ("an iPhone's heic", "IMG_0001.HEIC", bring.HEIC, "image/heic"),
    ("a fax as tiff", "fax.tif", bring.TIFF, "image/tiff"),
    ("a text", "note.txt", b"Paid by card\n", TEXT),
    ("a text of old Windows", "note.txt", "Café 5 €".encode("cp1252"), TEXT),
    ("a csv", "lines.csv", b"a,b\n1,2\n", "text/csv"),
    (
        "a Word file",
        "letter.docx",
        bring.docx(),
        WORD,
    ),
    ("an Excel file", "list.xlsx", bring.xlsx(), EXCEL),
    ("the limit exactly", "full.txt", b"x" * MOST, TEXT),
    ("folders in the name", "../../etc/slip.pdf", bring.PDF, "application/pdf"),
    ("Windows folders in the name", "C:\\Users\\mia\\slip.pdf", bring.PDF, "application/pdf"),
    ("300 characters", "é" * 300 + ".pdf", bring.PDF, "application/pdf"),
    ("0 bytes", "empty.pdf", b"", ""),
    ("one byte over the limit", "full.txt", b"x" * (MOST + 1), ""),
    ("an svg", "logo.svg", bring.SVG, ""),
    ("an svg called png", "logo.png", bring.SVG, ""),
    ("a page", "page.html", bring.HTML, ""),
    ("a page called txt", "page.txt", bring.HTML, ""),
    ("a page after spaces, called csv", "page.csv", b" \r\n\t" + bring.HTML, ""),
    ("a program called pdf", "invoice.pdf", bring.EXE, ""),
    ("a program", "invoice.exe", bring.EXE, ""),
    ("double ending, last a program", "invoice.pdf.exe", bring.PDF, ""),
    ("double ending, first a program", "invoice.exe.pdf", bring.PDF, ""),
    ("a direction mark in the name", "invoice\u202efdp.exe", bring.PDF, ""),
    ("NUL before the ending", "slip.exe\0.pdf", bring.PDF, ""),
    ("a pdf called png", "slip.png", bring.PDF, ""),
    ("a png called pdf", "scan.pdf", bring.png(), ""),
    ("pdf and zip in one", "both.pdf", bring.PDF + bring.docx(), ""),
    ("jpeg and zip in one", "both.jpg", bring.JPEG + bring.archive("x.exe"), ""),
    ("gif and script in one", "both.gif", b"GIF89a/*" + bring.HTML, ""),
    ("png and pdf in one", "both.png", bring.png()[:40] + bring.PDF + bring.png()[40:], ""),
    ("zip and pdf in one", "both.docx", bring.archive("%PDF-1.7", "[Content_Types].xml", "word/document.xml"), ""),
    ("a zip bomb", "bomb.docx", bring.docx("word/media/x", data=b"\0" * 1024, copies=4096 * 40), ""),
    ("a bomb that lies in a zip", "bomb.zip", bring.archive("x", data=b"\0" * 1024, copies=4096), ""),
    ("a zip", "files.zip", bring.archive("a.txt"), ""),
    ("macros", "letter.docx", bring.docx("word/vbaProject.bin"), ""),
    ("a page in a Word file", "letter.docx", bring.docx("../evil.html"), ""),
    ("a scan that broke off", "scan.png", bring.png()[:-12], ""),
    ("a shell script called txt", "run.txt", b"#!/bin/sh\nrm -rf /\n", ""),
    ("control characters in a text", "bell.txt", b"ding\x07", ""),
]


@pytest.fixture
def payment(harbor):
    patient = a_patient(harbor)
    return a_payment(harbor, patient.account, 5000, patient=patient)


@pytest.fixture
def rita(client, harbor):
    client.force_login(harbor.rita.user)
    return client


def place(home, subject, part: str = "documents/") -> str:
    kind = "payments" if subject.ref.startswith("PAY") else "treatments"
    return f"/c/{home.clinic.slug}/{kind}/{subject.ref}/{part}"


def file_of(home, document: Document) -> str:
    return f"/c/{home.clinic.slug}/documents/{document.pk}/file/"


def upload(client, url: str, *files: tuple[str, bytes], **options):
    return client.post(url, {"file": [SimpleUploadedFile(name, data) for name, data in files]}, **options)


def a_document(home, subject, name: str = "slip.pdf", data: bytes = bring.PDF) -> Document:
    return attach_document(subject, checked(name, data), by=home.rita)


def test_there_are_at_least_forty_cases():
    assert len(CASES) >= 40


@pytest.mark.parametrize(("name", "data", "kind"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_E7_file_is_refused_or_given_back_as_nothing_but_a_file(harbor, rita, payment, name, data, kind):
    answer = upload(rita, place(harbor, payment), (name, data))

    if not kind:
        assert answer.status_code == 422
        assert "form-alert" in answer.content.decode()
        assert Document.objects.count() == DocumentContent.objects.count() == 0
        return
    assert answer.status_code == 302, answer.content
    document = Document.objects.get()
    assert (document.kind, document.size) == (kind, len(data))
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    given = rita.get(file_of(harbor, document))
    assert given.content == data
    assert given["Content-Type"] == kind
    assert given["Content-Disposition"].startswith("attachment; filename")
    assert given["X-Content-Type-Options"] == "nosniff"
    assert given["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert given["Cache-Control"] == "no-store"
    assert not set("/\\\r\n\0") & set(document.name)
    assert len(document.name) <= 120


def test_S1_93_several_files_are_attached_at_once_and_stand_on_the_payments_page(harbor, rita, payment):
    """S1.78 and S1.93: the panel "Documents" of a payment, filled by choosing files."""
    answer = upload(rita, place(harbor, payment), ("slip.pdf", bring.PDF), ("scan.png", bring.png()), follow=True)

    page = answer.content.decode()
    assert "2 files attached." in page
    assert "slip.pdf" in page
    assert "scan.png" in page
    assert "by Rita" in page


def test_S1_78_upload_asks_what_the_file_is_and_the_panel_says_it(harbor, rita, payment):
    """S1.78: five kinds; what nobody says is Other, and a made-up one keeps nothing."""
    page = rita.get(place(harbor, payment, "")).content.decode()
    asked = re.search(r'<label[^>]*for="document-what">What it is</label>\s*<select.*?</select>', page, re.DOTALL)[0]
    offered = ["Card slip or receipt", "Cheque", "Explanation of benefits (EOB)", "Signed agreement", "Other"]
    assert re.findall(r"<option[^>]*>([^<]+)", asked) == offered
    assert re.findall(r"<option[^>]* selected>([^<]+)", asked) == ["Other"]

    file = SimpleUploadedFile("eob.pdf", bring.PDF)
    rita.post(place(harbor, payment), {"file": [file], "what": "eob"})
    upload(rita, place(harbor, payment), ("plain.txt", b"Paid"))
    wrong = rita.post(place(harbor, payment), {"file": [SimpleUploadedFile("x.txt", b"x")], "what": "forged"})

    assert dict(Document.objects.values_list("name", "what")) == {"eob.pdf": "eob", "plain.txt": "other"}
    assert wrong.status_code == 422
    assert "Select a valid choice" in wrong.content.decode()
    assert "Explanation of benefits (EOB) · " in rita.get(place(harbor, payment, "")).content.decode()


def test_good_files_are_kept_and_bad_ones_named_with_what_is_wrong(harbor, rita, payment):
    answer = upload(
        rita, place(harbor, payment), ("slip.pdf", bring.PDF), ("evil.svg", bring.SVG), headers={"HX-Request": "true"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<html" not in page
    assert "<strong>evil.svg</strong> is not a PDF, picture" in page
    assert [document.name for document in Document.objects.all()] == ["slip.pdf"]


def test_same_file_again_is_attached_already_until_it_is_removed(harbor, rita, payment):
    first = a_document(harbor, payment)

    again = upload(rita, place(harbor, payment), ("other name.pdf", bring.PDF))
    assert "is attached already, as slip.pdf." in again.content.decode()
    again = upload(rita, place(harbor, payment), ("slip.pdf", bring.PDF))
    assert "is attached already." in again.content.decode()

    remove_document(first, by=harbor.rita, reason="Wrong payment")
    assert upload(rita, place(harbor, payment), ("slip.pdf", bring.PDF)).status_code == 302


def test_nothing_chosen_is_said(harbor, rita, payment):
    answer = rita.post(place(harbor, payment), {})

    assert answer.status_code == 422
    assert "Choose a file first." in answer.content.decode()


def test_50_MB_are_refused_in_words(harbor, rita, payment):
    """What becomes of its bytes meanwhile: tests/ui/test_uploads.py."""
    answer = upload(rita, place(harbor, payment), ("large.pdf", b"x" * (50 * 1024 * 1024)))

    assert answer.status_code == 422
    assert "<strong>large.pdf</strong> is larger than 10 MB." in answer.content.decode()
    assert Document.objects.count() == 0


def test_more_than_64_MB_at_once_keep_nothing(harbor, rita, payment):
    files = [(f"{number}.txt", b"x" * MOST) for number in range(TOGETHER // MOST + 1)]

    answer = upload(rita, place(harbor, payment), *files)

    assert answer.status_code == 422
    assert "came with more than 64 MB at once" in answer.content.decode()
    assert Document.objects.count() == 0


def test_twenty_one_files_at_once_are_too_many(harbor, rita, payment):
    answer = upload(rita, place(harbor, payment), *[(f"{number}.txt", b"%d" % number) for number in range(21)])

    assert "Attach at most 20 files at once." in answer.content.decode()
    assert Document.objects.count() == 0


def test_removed_document_leaves_who_when_why_and_is_served_to_nobody(harbor, rita, payment):
    """S1.78 "manage": the row and its trace stay, the bytes are not given out any more."""
    document = a_document(harbor, payment)
    remove = f"/c/{harbor.clinic.slug}/documents/{document.pk}/remove/"
    assert rita.post(remove, {"reason": ""}).status_code == 422

    page = rita.post(remove, {"reason": "Belongs to Mia"}, follow=True).content.decode()

    assert "slip.pdf was removed." in page
    assert "1 removed" in page
    assert "Belongs to Mia" in page
    assert rita.get(file_of(harbor, document)).status_code == 404
    assert rita.get(remove).status_code == 404
    line = AuditEvent.objects.get(action="document.removed")
    assert (line.subject, line.reason, line.after) == (payment.ref, "Belongs to Mia", {"document": "slip.pdf"})


def test_document_is_removed_once(harbor, payment):
    """Of two people who have its page open the second is told; who took it away, and why, stays as it was."""
    document = a_document(harbor, payment)
    remove_document(document, by=harbor.rita, reason="Belongs to Mia")
    with pytest.raises(Refusal, match="removed already"):
        remove_document(document, by=harbor.bill, reason="Blurred")
    document.refresh_from_db()
    assert (document.removed_by_id, document.removed_why) == (harbor.rita.user_id, "Belongs to Mia")


def test_upload_and_copy_leave_lines_of_the_patient(harbor, rita, payment):
    document = a_document(harbor, payment)
    rita.get(file_of(harbor, document))

    added = AuditEvent.objects.get(action="document.attached")
    copied = AuditEvent.objects.filter(action=RECORD_EXPORTED).latest("pk")
    assert (added.subject, added.patient_id) == (payment.ref, payment.patient_id)
    assert (copied.subject, copied.patient_id) == (f"slip.pdf of {payment.ref}", payment.patient_id)


def test_practitioner_gets_no_document_of_money(harbor, client, payment):
    """S0.8: not the file, not the list, not the panel on the treatment's page."""
    event = an_event(harbor, payment.patient, 5000)
    documents = [a_document(harbor, payment), a_document(harbor, event, "evidence.pdf")]
    client.force_login(harbor.petra.user)

    assert {client.get(file_of(harbor, one)).status_code for one in documents} == {403}
    assert {client.get(place(harbor, one)).status_code for one in (payment, event)} == {403}
    assert upload(client, place(harbor, event), ("slip.pdf", bring.png())).status_code == 403
    assert "evidence.pdf" not in client.get(place(harbor, event, "")).content.decode()
    with pytest.raises(Refused):
        a_document_by(harbor.petra, payment)


def a_document_by(member, payment):
    attach_document(payment, Checked("x.txt", TEXT, b"x"), by=member)


def test_other_clinic_finds_nothing(harbor, lakeside, client, payment):
    document = a_document(harbor, payment)
    client.force_login(lakeside.rita.user)

    assert client.get(file_of(lakeside, document)).status_code == 404
    assert client.get(file_of(harbor, document)).status_code == 404
    assert upload(client, place(harbor, payment), ("x.txt", b"x")).status_code == 404
    with clinic_scope(lakeside.clinic):
        assert Document.objects.count() == DocumentContent.objects.count() == 0


def test_treatment_has_documents_too(harbor, rita, payment):
    """Evidence of a treatment, which its review asks for (K3)."""
    event = an_event(harbor, payment.patient, 5000)

    page = upload(rita, place(harbor, event), ("terminal slip.jpg", bring.JPEG), follow=True).content.decode()

    assert "terminal slip.jpg attached." in page
    assert Document.objects.get().subject == event


def test_hundred_documents_are_enough(harbor, rita, payment, monkeypatch):
    monkeypatch.setattr("payments.services.files.MOST_DOCUMENTS", 1)
    a_document(harbor, payment)

    answer = upload(rita, place(harbor, payment), ("scan.png", bring.png()))

    assert f"was not attached: {payment.ref} has 1 documents already." in answer.content.decode()
