"""Geometry of the small charts that the server draws as SVG; no script, no colours here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

from clinicpay import money

_STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
LEFT, TOP, BOTTOM = 46, 8, 20


@dataclass(frozen=True)
class Bar:
    """One column: where it stands, and what it says on hover and to a screen reader."""

    label: str
    value: str
    x: float
    y: float
    width: float
    height: float
    middle: float
    current: bool


@dataclass(frozen=True)
class Line:
    """A line of the grid with its label; `text_y` is where the label's foot stands."""

    y: float
    text_y: float
    label: str


@dataclass(frozen=True)
class BarChart:
    """Drawn by templates/ui/chart_bars.html."""

    bars: list[Bar]
    lines: list[Line]
    width: int
    height: int
    left: int = LEFT

    @property
    def label_y(self) -> int:
        return self.height - 5

    @property
    def tick_x(self) -> int:
        return self.left - 6

    @property
    def summary(self) -> str:
        return ", ".join(f"{bar.label} {bar.value}" for bar in self.bars)


@dataclass(frozen=True)
class StatusBar:
    """One row of counts by status, a link to the list filtered by it."""

    state: str
    label: str
    count: int
    url: str
    share: float
    tone: str = "quiet"


def nice_ceiling(value: float) -> float:
    """The next round number at or above `value`, so that the grid has round labels."""
    if value <= 0:
        return 1
    magnitude = 10 ** floor(log10(value))
    return next(magnitude * step for step in _STEPS if magnitude * step >= value)


def short_amount(value: float, sign: str) -> str:
    """Labels of a grid: 15000 is "$15k", 500 is "$500"."""
    for size, letter in ((1_000_000, "m"), (1_000, "k")):
        if value >= size:
            return f"{sign}{value / size:.3g}{letter}"
    return f"{sign}{value:.3g}"


def monthly_bars(points: Sequence[tuple[str, int]], currency: str, *, width: int = 800, height: int = 170) -> BarChart:
    """Columns of (label, minor units), the last one being the month that still runs."""
    unit = 10 ** money.digits(currency)
    top = nice_ceiling(max((minor for _, minor in points), default=0) / unit)
    plot = height - TOP - BOTTOM
    step = (width - LEFT) / max(len(points), 1)
    bars = []
    for at, (label, minor) in enumerate(points):
        tall = plot * max(minor, 0) / unit / top
        x = LEFT + at * step
        bars.append(
            Bar(
                label=label,
                value=money.show(minor, currency),
                x=round(x + step * 0.2, 2),
                y=round(TOP + plot - tall, 2),
                width=round(step * 0.6, 2),
                height=round(tall, 2),
                middle=round(x + step / 2, 2),
                current=at == len(points) - 1,
            )
        )
    sign = money.symbol(currency)
    lines = _grid(top, plot, "" if sign.isalpha() else sign)  # a code has no room beside the grid; each bar says it
    has_any = any(minor > 0 for _, minor in points)
    return BarChart(bars, lines if has_any else lines[:1], width, height)  # no scale where there is nothing to measure


def _grid(top: float, plot: float, sign: str) -> list[Line]:
    """Three to five parts, whichever has the roundest labels."""
    parts = min((3, 4, 5), key=lambda count: len(f"{top / count:.6g}".rstrip("0")))
    heights = [(TOP + plot * (1 - at / parts), top * at / parts) for at in range(parts + 1)]
    return [Line(round(y, 2), round(y + 3.5, 2), short_amount(value, sign)) for y, value in heights]


def status_bars(rows: Iterable[tuple[str, str, int, str, str]]) -> list[StatusBar]:
    """Rows of (state, label, count, url, tone) with each bar's share of the largest, in percent."""
    rows = list(rows)
    most = max((count for _, _, count, _, _ in rows), default=0) or 1
    return [
        StatusBar(state, label, count, url, round(100 * count / most, 1), tone)
        for state, label, count, url, tone in rows
    ]
