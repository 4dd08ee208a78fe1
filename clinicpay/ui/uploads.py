"""Files that people bring: how much is taken in, what they are called, and what they really are."""

import codecs
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

MOST = 10 * 1024 * 1024
"""Bytes of one file."""

TOGETHER = 64 * 1024 * 1024
"""Bytes of one request; of a larger one no file is kept."""

TOO_LARGE = f"is larger than {MOST // 1024 // 1024} MB."

LONGEST, LONGEST_BYTES = 120, 200
"""Characters of a name, and bytes of it in UTF-8: file systems count these."""

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

KINDS = {
    "application/pdf": ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/heic": ("heic", "heif"),
    "image/tiff": ("tif", "tiff"),
    "text/csv": ("csv",),
    "text/plain": ("txt",),
    WORD: ("docx",),
    EXCEL: ("xlsx",),
}
"""What is taken, with the endings that its name may have."""

TAKEN = "PDF, picture (PNG, JPEG, GIF, WEBP, HEIC, TIFF), text, CSV, Word or Excel file"

ACCEPT = ",".join(f".{ending}" for endings in KINDS.values() for ending in endings)
"""The same for a file field of a page."""

_RUNS = frozenset(
    {
        *("bat", "cmd", "com", "cpl", "exe", "hta", "htm", "html", "jar", "js", "jse", "lnk", "msi", "php", "ps1"),
        *("scr", "sh", "svg", "vbe", "vbs", "wsf", "xhtml", "xml"),
    }
)
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|head|body|script|svg|iframe|\?xml|\?php)", re.IGNORECASE)
_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_ENTRIES, _UNPACKED, _RATIO = 5000, 200 * 1024 * 1024, 200


class BadFile(ValueError):
    """A file that is not taken; the message says why."""


class Bounded(FileUploadHandler):
    """First of the upload handlers: what is too large is read past and never kept, in memory or on disk.

    `request.too_large` then has the names of such files as they came, with words. A request that is too
    large altogether keeps none of its files.
    """

    def handle_raw_input(self, *args: Any, **_more: Any) -> None:
        """The length is what the client says; files are also counted as they come."""
        self._over = args[2] > TOGETHER
        self._refused: list[tuple[str, str]] = []
        self.request.too_large = self._refused  # type: ignore[union-attr]

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._seen = 0
        if self._over:
            self._refused.append((self.file_name or "", f"came with more than {TOGETHER // 1024 // 1024} MB at once."))
            raise SkipFile  # StopUpload would read the rest by lines, and a line may be all of it

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._seen += len(raw_data)
        if self._seen > MOST:
            self._refused.append((self.file_name or "", TOO_LARGE))
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The handlers after this one keep the file."""


@dataclass(frozen=True)
class Checked:
    """A file that may be kept: its clean name, the type that its bytes have, and the bytes."""

    name: str
    kind: str
    data: bytes


def checked(name: str, data: bytes) -> Checked:
    """What somebody brought, if it may be kept. Raises BadFile with words for them."""
    if not data:
        raise BadFile("is empty.")
    if len(data) > MOST:
        raise BadFile(TOO_LARGE)
    name = clean_name(name)
    *inner, ending = name.lower().split(".")[1:] or [""]
    kinds = _kinds_of(data)
    if not kinds:
        raise BadFile(f"is not a {TAKEN}.")
    if _RUNS & set(inner):
        raise BadFile("has the name of a program. Rename it.")
    kind = next((kind for kind in kinds if ending in KINDS[kind]), "")
    if not kind:
        endings = " or ".join(f".{one}" for kind in kinds for one in KINDS[kind])
        raise BadFile(f"does not hold what its name says: by its content it should end with {endings}.")
    return Checked(name, kind, data)


def clean_name(raw: str) -> str:
    """A file name without folders, control and invisible characters, cut to what file systems hold."""
    name = unicodedata.normalize("NFC", raw.encode("utf-8", "ignore").decode()).replace("\\", "/").rpartition("/")[2]
    name = "".join(" " if one.isspace() else one for one in name if one.isspace() or _visible(one))
    name = re.sub(r"\.{2,}", ".", re.sub(r'[<>:"|?*]', "_", " ".join(name.split()))).strip(". ")
    name = f"_{name}" if _WINDOWS.match(name) else name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = name, "", ""
    stem = stem[: LONGEST - len(dot + ending)]
    while len(f"{stem}{dot}{ending}".encode()) > LONGEST_BYTES:
        stem = stem[:-1]
    stem = stem.strip(". ") or "document"
    return f"{stem}{dot}{ending}"


def _visible(character: str) -> bool:
    """Not a control, a mark that turns the direction, half a character, or one of nobody's."""
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _kinds_of(data: bytes) -> list[str]:
    """The kinds that these bytes may be; none for what is not taken, and for two things in one."""
    head = data[:1024]
    if data.startswith(b"PK\x03\x04"):
        return _office(data) if b"%PDF-" not in head else []
    kind = _by_signature(head)
    if not kind:
        return ["text/csv", "text/plain"] if _is_text(data) else []
    is_double = _MARKUP.search(head) or b"PK\x05\x06" in data[-66000:] or b"%PDF-" in head[5:]
    return [] if is_double or not _is_whole(kind, data) else [kind]


def _by_signature(head: bytes) -> str:
    signatures = {
        b"%PDF-": "application/pdf",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF87a": "image/gif",
        b"GIF89a": "image/gif",
        b"II*\x00": "image/tiff",
        b"MM\x00*": "image/tiff",
    }
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return "image/heic"
    return next((kind for mark, kind in signatures.items() if head.startswith(mark)), "")


def _is_whole(kind: str, data: bytes) -> bool:
    """A document that ends as its kind does; a scan that broke off is of no use to anybody."""
    ends = {"application/pdf": b"%%EOF", "image/png": b"IEND", "image/jpeg": b"\xff\xd9"}
    return kind not in ends or ends[kind] in data[-4096:]


def _office(data: bytes) -> list[str]:
    """Word or Excel by what the archive lists; nothing of it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return []
    names = {entry.filename for entry in entries}
    unpacked = sum(entry.file_size for entry in entries)
    is_bomb = len(entries) > _ENTRIES or unpacked > _UNPACKED or unpacked > _RATIO * len(data)
    is_odd = any(entry.flag_bits & 1 or entry.filename.startswith("/") or ".." in entry.filename for entry in entries)
    has_macros = any(name.lower().endswith(("vbaproject.bin", ".exe", ".js", ".html")) for name in names)
    if is_bomb or is_odd or has_macros or "[Content_Types].xml" not in names:
        return []
    return [kind for kind, main in ((WORD, "word/document.xml"), (EXCEL, "xl/workbook.xml")) if main in names]


def _is_text(data: bytes) -> bool:
    """Plain text, also of an old Windows; nothing that a browser could take for a page, or a shell for a program."""
    body = data.removeprefix(codecs.BOM_UTF8)
    if b"\0" in data or _MARKUP.search(body[:4096]) or body.lstrip().startswith((b"<", b"#!")):
        return False
    try:
        text = body.decode()
    except UnicodeDecodeError:
        try:
            text = body.decode("cp1252")
        except UnicodeDecodeError:
            return False
    return not _CONTROL.search(text)
