"""Type for paper: Inter at the two weights that documents use, by `python -m assets.paper_fonts`.

A variable font is made static anew for every document and weight, which takes a quarter of the time of a statement.
"""

from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

STATIC = Path(__file__).resolve().parent.parent / "static"
SOURCE = STATIC / "vendor" / "fontsource-variable-inter"
WEIGHTS = (400, 700)


def make() -> None:
    """Write static/paper/inter-latin-400.ttf and its neighbours."""
    (STATIC / "paper").mkdir(exist_ok=True)
    for part in ("latin", "latin-ext"):
        for weight in WEIGHTS:
            font = instantiateVariableFont(TTFont(SOURCE / f"inter-{part}-wght-normal.woff2"), {"wght": weight})
            font.flavor = None
            _use_tabular_digits(font)
            font.save(STATIC / "paper" / f"inter-{part}-{weight}.ttf")


def _use_tabular_digits(font: TTFont) -> None:
    """Digits of one width without asking: asking costs a layout of its own for every text, and memory for ever."""
    table = font["GSUB"].table
    records = [one for one in table.FeatureList.FeatureRecord if one.FeatureTag == "tnum"]
    wanted = {at for one in records for at in one.Feature.LookupListIndex}
    swaps = {}
    for at in wanted:
        for sub in table.LookupList.Lookup[at].SubTable:
            swaps |= getattr(sub, "ExtSubTable", sub).mapping
    for chars in font["cmap"].tables:
        chars.cmap = {char: swaps.get(glyph, glyph) for char, glyph in chars.cmap.items()}


if __name__ == "__main__":
    make()
