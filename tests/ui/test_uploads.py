"""E8: whatever a file is called, its name ends up harmless in a header and on a disk."""

import random
import re
import tracemalloc
import unicodedata

import pytest
from django.core.handlers.wsgi import WSGIRequest

from clinicpay.ui.downloads import download
from clinicpay.ui.uploads import LONGEST, LONGEST_BYTES, clean_name

PIECES = [
    *("slip", "Ünïcödé", "レシート", "🧾", "..", "/", "\\", "C:", "\r", "\n", "\r\n", "\0", "\t", '"', "'", ";"),
    *("\u202e", "\u200b", "\ufeff", "\u2028", "\ud800", "\x7f", "\x85", ".pdf", ".exe", ".", " ", "*", "é", "%0d%0a"),
    *("CON", "nul", "filename*=", "a" * 90, "日" * 60, "\\..\\", "<script>", "&amp;", ":", "|", "?", ",", "=?utf-8?q?"),
]


def names() -> list[str]:
    """10,000 names from an odd alphabet, and from all of Unicode; the same on every run."""
    chance = random.Random(8)
    odd = ["".join(chance.choices(PIECES, k=chance.randrange(0, 12))) for _ in range(6000)]
    any_ = ["".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(0, 300))) for _ in range(4000)]
    return odd + any_


def test_E8_ten_thousand_names_break_no_header():
    wrong = []
    for raw in names():
        name = clean_name(raw)
        header = download(b"", name, "application/pdf")["Content-Disposition"]
        sound = (
            re.fullmatch(r"attachment; filename(?:\*=utf-8''[\w.!~*'()%+-]+|=\"[^\r\n]+\")", header)
            and not re.search(r'[\r\n\0/\\<>:|?*"]', name)
            and not any(unicodedata.category(one) in {"Cc", "Cf", "Cs"} for one in name)
            and len(name) <= LONGEST
            and len(name.encode()) <= LONGEST_BYTES
            and name.strip(". ") == name
            and name
        )
        if not sound:
            wrong.append((raw, name, header))
    assert wrong == []


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\mia\\Desktop\\slip.pdf", "slip.pdf"),
        ("slip\r\nSet-Cookie: x.pdf", "slip Set-Cookie_ x.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("  .hidden.pdf  ", "hidden.pdf"),
        (".pdf", "pdf"),
        ("", "document"),
        ("...", "document"),
        ("con.pdf", "_con.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("日" * 300 + ".pdf", "日" * 65 + ".pdf"),
        ("Cafe\u0301.pdf", "Caf\u00e9.pdf"),
        ('a"b.pdf', "a_b.pdf"),
    ],
)
def test_name_is_cleaned(raw, name):
    assert clean_name(raw) == name


class Endless:
    """The body of a request with one file of `size` bytes and no line break in it, made as it is read."""

    def __init__(self, size: int) -> None:
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="film.pdf"\r\n\r\n'
        self.parts, self.left = [head, b"", b"\r\n--b--\r\n"], size
        self.length = len(head) + size + len(self.parts[2])

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, as gunicorn gives them."""
        if self.parts[0]:
            given, self.parts[0] = self.parts[0][:size], self.parts[0][size:]
        elif self.left:
            given = b"x" * (min(size, self.left) if size >= 0 else self.left)
            self.left -= len(given)
        else:
            given, self.parts[2] = self.parts[2][:size], self.parts[2][size:]
        return given

    def readline(self, size: int = -1) -> bytes:
        """Its line breaks are far apart."""
        return self.read(size)


@pytest.mark.parametrize(
    ("megabytes", "words"), [(50, "is larger than 10 MB."), (100, "came with more than 64 MB at once.")]
)
def test_large_upload_is_read_past_in_small_pieces(megabytes, words, tmp_path, settings):
    """Neither memory nor disk gets what is over the limit."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    body = Endless(megabytes * 1024 * 1024)
    about = {"CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": str(body.length)}
    request = WSGIRequest({"REQUEST_METHOD": "POST", "wsgi.input": body, "PATH_INFO": "/", **about})

    tracemalloc.start()
    files = request.FILES
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (list(files), request.too_large) == ([], [("film.pdf", words)])
    assert body.left == 0
    assert peak < 4 * 1024 * 1024
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) == 0
