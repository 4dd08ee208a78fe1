"""What a bulk reconciliation was asked for, and what went to the bank."""

from deposits.models.reconciliation import Reconciliation
from deposits.models.slips import BankSlip, BankSlipLine, SlipPaper

__all__ = ["BankSlip", "BankSlipLine", "Reconciliation", "SlipPaper"]
