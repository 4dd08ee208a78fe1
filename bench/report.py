"""What a bench found: a table for people, a file for machines."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Result:
    """One comparison. `target` is a bound of the ratio ours / anchor; without one it is told for what it tells."""

    number: int
    name: str
    ours: float
    anchor: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    given_ratio: float | None = None
    note: str = ""
    load: tuple[float, float, float] = field(default_factory=os.getloadavg)

    @property
    def ratio(self) -> float:
        """Ours over the anchor; the median of the rounds' ratios where there were rounds."""
        return self.given_ratio if self.given_ratio is not None else self.ours / self.anchor

    @property
    def target(self) -> str:
        """The bound as people write it."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    @property
    def met(self) -> bool | None:
        """Whether the ratio keeps to its bound; None where there is none."""
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return None if self.at_most is None else self.ratio <= self.at_most


def table(results: list[Result]) -> str:
    """Name, ours, anchor, ratio, target, met."""
    lines = [f"{'':>2} {'name':<58}{'ours':>10}{'anchor':>10} {'unit':<7}{'ratio':>8}  {'target':<8}{'met':<5}load"]
    for one in results:
        met = {True: "yes", False: "NO", None: ""}[one.met]
        lines.append(
            f"{one.number:>2} {one.name:<58}{one.ours:>10.4g}{one.anchor:>10.4g} {one.unit:<7}{one.ratio:>8.3f}  "
            f"{one.target:<8}{met:<5}{one.load[0]:.1f}{'  ' + one.note if one.note else ''}"
        )
    return "\n".join(lines)


def write(results: list[Result], **facts: Any) -> None:
    """Keep the figures with what is needed to read them, in bench/results.json."""
    found = [asdict(one) | {"ratio": one.ratio, "target": one.target, "met": one.met} for one in results]
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    answer = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine, **facts, "results": found}
    RESULTS.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
