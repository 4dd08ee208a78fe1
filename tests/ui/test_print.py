"""What is printed from the dark theme has the colours of the light one."""

import re
from pathlib import Path

from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
THEIR_OWN = {f"--tblr-{name}" for name in ("bg-surface", "bg-forms", "link-hover-color", "border-color", "dropdown-bg")}
"""Tabler's own names: derived from ours, or of what isn't printed."""


def tokens(sheet: str, selector: str) -> dict[str, str]:
    """The custom properties of all rules with exactly this selector, the last one of each."""
    rules = re.findall(rf"^{re.escape(selector)} {{(.*?)}}", (STATIC / sheet).read_text(), re.S | re.M)
    return dict(re.findall(r"(--[\w-]+): ([^;]+);", " ".join(rules)))


def test_paper_sets_every_colour_that_the_dark_theme_sets():
    dark = tokens("app.css", "[data-bs-theme=dark]")
    paper = tokens("browser-print.css", ":root, [data-bs-theme]")

    assert len(dark) > 20
    assert dark.keys() - paper.keys() <= THEIR_OWN


def test_bars_on_paper_have_the_colours_of_the_light_theme():
    light = tokens("app.css", ":root, [data-bs-theme]")
    paper = tokens("browser-print.css", ":root, [data-bs-theme]")

    bars = {name for name in light if name.startswith("--bar-") and name != "--bar-height"}
    assert {name: paper.get(name) for name in bars} == {name: light[name] for name in bars}
