"""A statement of two pages, drawn as ours is and by the manual: the same words on the same pages, the same tags."""

import io
from typing import Any

import weasyprint
from django.template.loader import render_to_string
from pypdf import PdfReader
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from clinicpay.ui.pdf import PAPERS, render_pdf, static_file
from followups.statements.paper import SHEETS, TEMPLATE, paper_of

LINES = 38
"""So many fill two pages."""

_FILE = "url(static:vendor/fontsource-variable-inter/inter-{}-wght-normal.woff2)"
VARIABLE = (
    f"@font-face {{ font-family: Inter; src: {_FILE.format('latin')}; font-weight: 100 900 }}"
    f"@font-face {{ font-family: Inter; src: {_FILE.format('latin-ext')}; font-weight: 100 900 }}"
    '@page { margin: 18mm 16mm 20mm; @bottom-right { content: "Page " counter(page) " of " counter(pages); '
    "font: 8pt Inter; color: #333; } } body { margin: 0; }"
)
"""The type as our other documents have it."""


def content(number: int = 1, lines: int = LINES) -> dict[str, Any]:
    """What the statement of an account says that has been coming for years."""
    told = [
        [
            f"2025-{1 + n // 4 % 12:02d}-{1 + n % 28:02d}",
            f"INV-{n:03d}",
            f"Check-up and cleaning (TE-{n:03d})",
            12_000,
            n,
        ]
        for n in range(1, lines + 1)
    ]
    return {
        **{"currency": "USD", "paper": "letter", "on": "2026-11-22", "first": "2025-01-01", "last": None},
        "sender": {"clinic": "Harbor Clinic", "location": "Harbor Point", "address": "12 Pier Street, Boston MA 02110"},
        "account": {
            "ref": f"AC-{number:03d}",
            "name": "Ethan Park",
            "address": "1 Main Street",
            "patients": ["Maya Park"],
        },
        **{"all_open": False, "opening": 12_000, "lines": told, "closing": 45_000, "overdue": 5_000, "due": 45_000},
        "ages": [["0-30", 12_000], ["31-60", 12_000], ["61-90", 12_000], ["90+", 9_000]],
        **{"planned": 30_000, "in_hand": 2_000, "held": 1_000, "instalments": [], "pay": None},
    }


def ours(number: int = 1) -> bytes:
    """As it goes out."""
    said = content(number)
    return render_pdf(TEMPLATE, {"paper": paper_of(said)}, paper=said["paper"], sheets=SHEETS)


def plain(number: int = 1) -> bytes:
    """By the manual: tables that find their own widths, collapsed borders, a font configuration for each document."""

    class Files(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            return URLFetcherResponse(url, static_file(url).read_bytes(), {"Content-Type": "font/woff2"})

    said, fonts, fetcher = content(number), FontConfiguration(), Files()
    page = render_to_string("bench/statement.html", {"paper": paper_of(said)})
    texts = [VARIABLE, f"@page {{ size: {PAPERS[said['paper']]} }}"]
    texts.append(render_to_string("bench/statement.css"))
    sheets = [weasyprint.CSS(string=text, base_url="static:", url_fetcher=fetcher, font_config=fonts) for text in texts]
    html = weasyprint.HTML(string=page, base_url="static:", url_fetcher=fetcher)
    return bytes(html.write_pdf(stylesheets=sheets, font_config=fonts, pdf_variant="pdf/ua-1"))


def words(made: bytes) -> list[str]:
    """What a document says, in its order on each page."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(made)).pages]
