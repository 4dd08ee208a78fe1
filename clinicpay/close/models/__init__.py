"""What is kept of closing days."""

from clinicpay.close.models.closes import DailyClose, EventReview
from clinicpay.close.models.counts import CashCount, CashCountLine

__all__ = ["CashCount", "CashCountLine", "DailyClose", "EventReview"]
