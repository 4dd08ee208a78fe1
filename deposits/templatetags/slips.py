"""What a payment's page says of the bank."""

from django import template

from deposits.models import BankSlipLine
from deposits.queries.slips import slips_of
from payments.models import Payment

register = template.Library()


@register.simple_tag
def slip_lines_of(payment: Payment) -> list[BankSlipLine]:
    """Every slip that a payment, or a refund of it, is or was on; the newest first."""
    return slips_of(payment)
