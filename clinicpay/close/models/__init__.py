"""What is kept of closing days."""

from clinicpay.close.models.closes import DailyClose, EventReview
from clinicpay.close.models.counts import CashCount, CashCountLine
from clinicpay.close.models.papers import SheetPaper

__all__ = ["CashCount", "CashCountLine", "DailyClose", "EventReview", "SheetPaper"]
