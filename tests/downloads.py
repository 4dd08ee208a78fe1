"""What is in the files that people download: words of a PDF, rows of CSV and XLSX."""

import csv
import io
from xml.etree import ElementTree
from zipfile import ZipFile

from pypdf import PdfReader


def pdf_words(document: bytes) -> str:
    """All words of all pages, with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages).split())


def read_csv(data: bytes) -> list[list[str]]:
    """Its rows with their heading."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def read_xlsx(data: bytes) -> list[list[str]]:
    """Its rows with their heading, after a look at what strict readers refuse."""
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


def xlsx_formats(data: bytes, column: int) -> set[str]:
    """How a workbook writes the numbers of a column below its heading."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with ZipFile(io.BytesIO(data)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
    known = {"3": "#,##0", "4": "#,##0.00"}  # numbers of formats that every reader has
    known |= {one.get("numFmtId"): one.get("formatCode") for one in styles.iter(f"{space}numFmt")}
    shapes = [one.get("numFmtId", "") for one in styles.find(f"{space}cellXfs")]
    return {known[shapes[int(row[column].get("s"))]] for row in list(sheet.iter(f"{space}row"))[1:]}
