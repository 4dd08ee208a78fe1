import gc
import io

import pypdf
import pytest
from django.template import TemplateDoesNotExist

from clinicpay.ui.pdf import SHEETS as PRINTED
from clinicpay.ui.pdf import BlockedAddress, pdf_response, render_pdf, static_file
from followups.statements.paper import SHEETS as STATEMENTS


@pytest.fixture
def document(settings, tmp_path):
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [*settings.TEMPLATES[0]["DIRS"], tmp_path]}]

    def write(body):
        (tmp_path / "receipt.html").write_text(
            '{% extends "ui/document.html" %}{% block title %}Receipt{% endblock %}{% block body %}'
            + body
            + "{% endblock %}"
        )
        return "receipt.html"

    return write


def test_document_is_tagged_and_in_our_type(document, clinic):
    data = render_pdf(document("<h1>Receipt</h1><p>Zoë Łukasz paid $75.00</p>"), {"clinic": clinic})
    read = pypdf.PdfReader(io.BytesIO(data))

    assert "Zoë Łukasz paid $75.00" in read.pages[0].extract_text()
    assert "Page 1 of 1" in read.pages[0].extract_text()
    assert read.metadata.title == "Receipt"
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in data or "/Metadata" in read.trailer["/Root"]
    fonts = {str(font.get_object()["/BaseFont"]) for font in read.pages[0]["/Resources"]["/Font"].values()}
    assert all("Inter" in name for name in fonts)


@pytest.mark.parametrize(("sheets", "around"), [(PRINTED, "section"), (STATEMENTS, 'div class="statement"')])
def test_each_letter_is_of_the_file_that_has_it(document, clinic, sheets, around):
    """Of one name for two files WeasyPrint keeps one font: a name with Ł made all others unreadable."""
    template = document(f"<{around}><p>Zoë Łukasz</p><p><b>Zoë Łukasz</b></p></{around.split()[0]}>")
    read = pypdf.PdfReader(io.BytesIO(render_pdf(template, {"clinic": clinic}, sheets=sheets)))
    fonts = read.pages[0]["/Resources"]["/Font"].values()
    names = {str(font.get_object()["/BaseFont"]).partition("+")[2] for font in fonts}
    assert {"Inter", "Inter-Bold", "Inter-ext", "Inter-ext-Bold"} <= names


@pytest.mark.parametrize(("paper", "size"), [("letter", (612, 792)), ("a4", (595, 842))])
def test_paper_is_the_clinics(document, clinic, paper, size):
    read = pypdf.PdfReader(io.BytesIO(render_pdf(document("<p>x</p>"), {"clinic": clinic}, paper=paper)))

    assert tuple(round(float(edge)) for edge in read.pages[0].mediabox[2:]) == size


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://127.0.0.1/x.png",
        "https://example.test/x.png",
        "static:../clinicpay/settings.py",
        "static:/etc/passwd",
        "static:%2e%2e/manage.py",
        "static:nothing.png",
        "ftp://x/y",
    ],
)
def test_documents_reach_only_our_static_files(url):
    with pytest.raises(BlockedAddress):
        static_file(url)


def test_picture_from_elsewhere_is_left_out(document, clinic, tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>secret</text></svg>')

    data = render_pdf(document(f'<img src="file://{secret}" alt="x"><p>end</p>'), {"clinic": clinic})

    text = pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text()
    assert "secret" not in text
    assert "end" in text


def test_response_names_the_file():
    response = pdf_response(b"%PDF", "PAY-001 receipt.pdf")

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'inline; filename="PAY-001 receipt.pdf"'
    assert pdf_response(b"%PDF", "a.pdf", inline=False)["Content-Disposition"].startswith("attachment")


def test_lists_look_as_they_do_by_the_manual(document, clinic):
    """Rules that we leave out for speed touch neither markers nor what a document says."""
    data = render_pdf(document("<ul><li>one</li></ul><ol><li>two</li></ol><p>a<br>b</p>"), {"clinic": clinic})

    text = pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text()
    assert [word for word in ("•", "one", "1.", "two", "a\nb") if word not in text] == []


def test_garbage_is_looked_for_again_afterwards(document, clinic):
    render_pdf(document("<p>x</p>"), {"clinic": clinic})
    assert gc.isenabled()

    with pytest.raises(TemplateDoesNotExist):
        render_pdf("none.html", {})
    assert gc.isenabled()
