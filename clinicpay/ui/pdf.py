"""Printed documents: a template to PDF/UA, with WeasyPrint.

Import cost is 0.7 s and a font set-up 20 ms, so both wait for the first document and stay.
"""

import mimetypes
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header

from clinicpay.garbage import collected_later

SCHEME = "static"
"""Documents name our own files as static:print.css; nothing else is ever read or fetched."""

PAPERS = {"letter": "Letter", "a4": "A4"}
SHEETS = ("paper.css", "print.css")


class BlockedAddress(ValueError):
    """A document asked for something that is not one of our static files."""


def static_file(url: str) -> Path:
    """The file behind a static: address; raises BlockedAddress for any other."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME:
        raise BlockedAddress(f"documents may not load {parts.scheme or 'relative'}: addresses")
    name = unquote(parts.path).lstrip("/")
    if ".." in Path(name).parts:
        raise BlockedAddress(f"documents may not leave the static files: {name}")
    found = finders.find(name) or _collected(name)
    if not found:
        raise BlockedAddress(f"no static file {name}")
    return Path(found)


def _collected(name: str) -> str | None:
    root = Path(settings.STATIC_ROOT) if settings.STATIC_ROOT else None
    return str(root / name) if root and (root / name).is_file() else None


@cache
def _printer() -> tuple[Any, Any, Any]:
    """WeasyPrint, our fetcher and the fonts, once per process."""
    import weasyprint  # noqa: PLC0415 - costs 0.7 s, which a page without a document need not wait for
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415 - the same
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415 - the same

    class OwnFilesOnly(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith("data:image/"):
                return super().fetch(url, headers)
            path = static_file(url)
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})

    return weasyprint, OwnFilesOnly(allowed_protocols={"data"}), FontConfiguration()


@cache
def _sheet(name: str) -> Any:
    """A style sheet, taken apart once per process: its fonts are then known to every document."""
    weasyprint, fetcher, fonts = _printer()
    text = static_file(f"{SCHEME}:{name}").read_text()
    return weasyprint.CSS(string=text, base_url=f"{SCHEME}:", url_fetcher=fetcher, font_config=fonts)


@cache
def _base() -> list[Any]:
    """WeasyPrint's own rules for HTML, without those that every element matches: of list markers and footnotes.

    They make six more styles of each cell and change no document of ours, which are a sixth dearer with them.
    """
    weasyprint, _, _ = _printer()
    rules = weasyprint.html.UA.splitlines()
    return [weasyprint.CSS(string="\n".join(rule for rule in rules if not rule.startswith("::")))]


def render_pdf(
    template: str, context: dict[str, Any], *, paper: str = "letter", sheets: tuple[str, ...] = SHEETS
) -> bytes:
    """The document of `template` on Letter or A4, tagged for screen readers (PDF/UA-1).

    The template extends templates/ui/document.html, which brings the title and the language
    that PDF/UA asks for, or brings them itself.
    """
    weasyprint, fetcher, fonts = _printer()
    page = render_to_string(template, context | {"paper_size": PAPERS[paper]})
    html = weasyprint.HTML(string=page, base_url=f"{SCHEME}:", url_fetcher=fetcher)
    html._ua_stylesheets = lambda forms=False: _base()
    size = weasyprint.CSS(string=f"@page {{ size: {PAPERS[paper]} }}", url_fetcher=fetcher)
    styles = [*map(_sheet, sheets), size]
    with collected_later():  # a tenth of a document
        return bytes(html.write_pdf(stylesheets=styles, font_config=fonts, pdf_variant="pdf/ua-1"))


def pdf_response(data: bytes, filename: str, *, inline: bool = True) -> HttpResponse:
    """A PDF to look at (or to save), under a readable name."""
    response = HttpResponse(data, content_type="application/pdf")
    disposition = content_disposition_header(not inline, filename)
    if disposition:
        response["Content-Disposition"] = disposition
    return response
