"""What the clinic or ClinicPay itself has to say above a page."""

from dataclasses import dataclass

DISMISSED = "dismissed"
"""Where a session keeps the notices that the person has put away."""


@dataclass(frozen=True)
class Notice:
    """One notice: level "info" or "warning", and a link if something can be done about it.

    With a `key` it can be put away until the next sign-in.
    """

    text: str
    level: str = "info"
    label: str = ""
    url: str = ""
    key: str = ""
