"""A table as a workbook of Excel, sent while it is read: nothing waits for the last row.

A workbook is a ZIP of XML files. Texts are written as texts, so none of them can be a formula. Libraries that write
workbooks keep the whole of it in memory or on disk before the first byte (decision 72).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from clinicpay.ui.export import Amount

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT, HEAD, DAY, MOMENT, MONEY, WHOLE, THREE, FOUR = range(8)
"""The styles of cells, as _STYLES lists them; readers want the two fills that every workbook begins with."""

_DECIMALS = {0: WHOLE, 3: THREE, 4: FOUR}
"""The style of an amount by its decimals, so that none is hidden and none invented; else two of them."""

_EPOCH = datetime(1899, 12, 30)  # day 0 of a workbook
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = "xl/worksheets/sheet1.xml"
_STYLES = f"""{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="4"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>\
<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/>\
<numFmt numFmtId="166" formatCode="#,##0.000"/><numFmt numFmtId="167" formatCode="#,##0.0000"/></numFmts>\
<fonts count="2"><font/><font><b/></font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill>\
<fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>\
<cellXfs count="8"><xf/><xf fontId="1" applyFont="1"/><xf numFmtId="164" applyNumberFormat="1"/>\
<xf numFmtId="165" applyNumberFormat="1"/><xf numFmtId="4" applyNumberFormat="1"/>\
<xf numFmtId="3" applyNumberFormat="1"/><xf numFmtId="166" applyNumberFormat="1"/>\
<xf numFmtId="167" applyNumberFormat="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/{_SHEET}" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="ClinicPay" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": _STYLES,
}


class _Pipe:
    """A file that only takes bytes on."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        """What has come since the last time."""
        taken, self.parts = b"".join(self.parts), []
        return taken


def xlsx_chunks(header: Sequence[str], chunks: Iterable[Iterable[Sequence[Any]]]) -> Iterator[bytes]:
    """The workbook in pieces: a head that stays in sight, then the rows of each chunk."""
    pipe = _Pipe()
    with ZipFile(pipe, "w", ZIP_DEFLATED) as book:  # type: ignore[call-overload]  # it needs no more than write and flush
        for name, text in _PARTS.items():
            book.writestr(name, text)
        with book.open(_SHEET, "w") as sheet:
            pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
            view = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
            wide = f'<cols><col min="1" max="{len(header)}" width="18" customWidth="1"/></cols>'
            head = "".join(_text(name, HEAD) for name in header)
            sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}">{view}{wide}<sheetData><row>{head}</row>'.encode())
            for rows in chunks:
                sheet.write("".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows).encode())
                yield pipe.take()
            sheet.write(b"</sheetData></worksheet>")
    yield pipe.take()


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, Amount | int):
        style = _DECIMALS.get(len(value.partition(".")[2]), MONEY) if isinstance(value, Amount) else TEXT
        return f'<c s="{style}"><v>{value}</v></c>'
    if isinstance(value, datetime):
        return f'<c s="{MOMENT}"><v>{(value.replace(tzinfo=None) - _EPOCH).total_seconds() / 86400:.6f}</v></c>'
    if isinstance(value, date):
        return f'<c s="{DAY}"><v>{(value - _EPOCH.date()).days}</v></c>'
    return _text(str(value))


def _text(words: str, style: int = TEXT) -> str:
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(_NOT_XML.sub("", words))}</t></is></c>'
