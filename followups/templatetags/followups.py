"""What pages of payments show of followed debt, which they don't know."""

from typing import Any

from django import template

from followups.queries.calls import promise_of

register = template.Library()


@register.inclusion_tag("followups/promise_paid.html", takes_context=True)
def promise_paid(context: dict[str, Any], receipt_id: int | None) -> dict[str, Any]:
    """The promise for which a receipt's money was recorded, if any (S2.7)."""
    shared = {name: context.get(name) for name in ("clinic", "can", "request", "member")}
    return shared | {"promise": promise_of(receipt_id) if receipt_id else None}
