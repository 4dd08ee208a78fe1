"""The envelope of an X12 file: its delimiters, its segments, and whether it is whole.

Exact about what the standard fixes: the ISA segment has a length of its own, and its last characters are the
delimiters of everything that follows.
"""

from dataclasses import dataclass

ISA_LENGTH = 106
"""Characters of an ISA segment with its terminator."""

_WIDTHS = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
"""Of "ISA" and its sixteen elements."""


class X12Error(Exception):
    """The file is not what it should be; the message says so to the person who brought it."""


Segment = list[str]
"""A segment's elements; the first is its name."""


@dataclass(frozen=True)
class Interchange:
    """The parts of an interchange with a single transaction."""

    sender: str
    group: Segment
    transaction: list[Segment]
    repetition: str
    component: str


def read_interchange(text: str) -> Interchange:
    """Take a file with one transaction apart. Raises X12Error for anything else."""
    text = text.lstrip()
    isa, element, terminator = _isa(text)
    segments = _segments(text, element, terminator)
    _printable(segments[1:], isa[11] + isa[16])
    group = _the_one(segments, "GS", "GE", "functional group")
    transaction = _the_one(group[1:-1], "ST", "SE", "transaction")
    if segments[-1][0] != "IEA" or segments[1] is not group[0]:
        raise X12Error("The file is cut off or put together wrongly: its end does not belong to its beginning.")
    _counted(transaction, group, segments)
    return Interchange(
        sender=isa[6].strip(), group=group[0], transaction=transaction, repetition=isa[11], component=isa[16]
    )


def _isa(text: str) -> tuple[Segment, str, str]:
    """The ISA segment, the element separator and the segment terminator."""
    if not text.startswith("ISA"):
        raise X12Error("This is not an X12 file: it does not begin with ISA.")
    if len(text) < ISA_LENGTH:
        raise X12Error("The file is cut off within its first segment.")
    element, terminator = text[3], text[ISA_LENGTH - 1]
    isa = text[: ISA_LENGTH - 1].split(element)
    delimiters = {element, terminator, isa[-1]}
    if tuple(map(len, isa)) != _WIDTHS or len(delimiters) != 3 or any(one.isalnum() for one in delimiters):
        raise X12Error("The first segment (ISA) is not as long as X12 wants it: the file was changed on its way.")
    return isa, element, terminator


def _segments(text: str, element: str, terminator: str) -> list[Segment]:
    """All segments; line ends between them are taken as what they are in most files, for the eye."""
    pieces = [piece.strip("\r\n \t") for piece in text.split(terminator)]
    if pieces.pop():
        raise X12Error("The file is cut off: its last segment has no end.")
    if not all(pieces):
        raise X12Error("The file has empty segments.")
    return [piece.split(element) for piece in pieces]


def _printable(segments: list[Segment], delimiters: str) -> None:
    """What is printed on no page, NUL above all, is in no X12 file either, unless it is a delimiter."""
    text = "".join(element for segment in segments for element in segment)
    if not text.translate(str.maketrans("", "", delimiters)).isprintable():
        raise X12Error("This is not an X12 file: it holds characters that X12 does not have.")


def _the_one(segments: list[Segment], begins: str, ends: str, noun: str) -> list[Segment]:
    """The only run of segments from `begins` to `ends`."""
    first = [place for place, one in enumerate(segments) if one[0] == begins]
    last = [place for place, one in enumerate(segments) if one[0] == ends]
    if len(first) > 1:
        raise X12Error(f"The file holds {len(first)} {noun}s. Bring a file about one patient alone.")
    if not first or len(last) != 1 or last[0] < first[0]:
        raise X12Error(f"The file is cut off: it has no whole {noun} ({begins} to {ends}).")
    return segments[first[0] : last[0] + 1]


def _counted(transaction: list[Segment], group: list[Segment], segments: list[Segment]) -> None:
    """Whether the trailers count and name what stands between."""
    opening, closing = transaction[0], transaction[-1]
    if closing[1:2] != [str(len(transaction))]:
        raise X12Error(f"Segments are missing: the file counts {at(closing, 1) or 'none'}, not {len(transaction)}.")
    pairs = [(at(opening, 2), at(closing, 2)), (at(group[0], 6), at(group[-1], 2))]
    pairs.append((at(segments[0], 13), at(segments[-1], 2)))
    if any(one != other for one, other in pairs):
        raise X12Error("The file is put together wrongly: the numbers of its beginning and its end differ.")


def at(segment: Segment, place: int) -> str:
    """The element at a place of a segment, "" where there is none."""
    return segment[place] if place < len(segment) else ""
