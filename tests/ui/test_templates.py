"""E1 for the sources: nothing inline that a strict content security policy would refuse."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
DOCUMENTS = {path for path in TEMPLATES if "/documents/" in path.as_posix()}  # printed, never served

INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.I)
INLINE_STYLE = re.compile(r"<style\b|\sstyle\s*=", re.I)
HANDLER = re.compile(r"\s(?:on[a-z]+|hx-on[:a-z-]*)\s*=", re.I)
EVALUATED = re.compile(r"hx-(?:vals|headers)=['\"]js:|hx-trigger=\"[^\"]*\[|javascript:", re.I)


def named(path: Path) -> str:
    return path.relative_to(ROOT / "templates").as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_template_has_nothing_inline(path):
    text = path.read_text()

    for pattern in (INLINE_SCRIPT, HANDLER, EVALUATED):
        assert not pattern.search(text), pattern.pattern
    if path not in DOCUMENTS:
        assert not INLINE_STYLE.search(text)


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_template_is_short(path):
    assert len(path.read_text().splitlines()) <= 150


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_template_compiles(path):
    engines["django"].get_template(named(path))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_template_uses_icons_that_are_in_the_sprite(path):
    sprite = (ROOT / "static/vendor/icons/sprite.svg").read_text()
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))

    used = set(re.findall(r"\{%\s*icon\s+['\"]([^'\"]+)['\"]", path.read_text()))

    assert used <= known


def test_patterns_find_what_they_are_for():
    assert INLINE_SCRIPT.search("<script>x</script>")
    assert not INLINE_SCRIPT.search('<script src="/a.js" defer></script>')
    assert INLINE_STYLE.search('<p style="color:red">')
    assert HANDLER.search('<a onclick="x()">')
    assert HANDLER.search('<a hx-on:click="x()">')
    assert EVALUATED.search("<a hx-vals='js:{a: 1}'>")
