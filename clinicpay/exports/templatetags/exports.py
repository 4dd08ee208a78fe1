"""What a closed day holds, for a row of a page."""

from typing import NamedTuple

from django import template

from clinicpay.exports.contents import acts_of, tenders_of
from clinicpay.exports.days import Day

register = template.Library()


class Held(NamedTuple):
    """What came in and went out of a day by all tenders together, in minor units, and how many acts it has."""

    came: int
    went: int
    acts: int


@register.simple_tag
def who(day: Day, names: dict[int, str]) -> str:
    """Who exported a day last."""
    made_by = day.again.export.made_by_id if day.again else None
    return f"by {names.get(made_by or 0, 'ClinicPay')}"


@register.simple_tag
def held(day: Day) -> Held:
    """What the export of a day would hold."""
    sides = tenders_of(day).values()
    return Held(sum(came for came, _ in sides), sum(went for _, went in sides), sum(acts_of(day).values()))
