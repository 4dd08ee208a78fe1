"""Acts of the daily close."""

from clinicpay.close.services.counts import Counted, count_cash
from clinicpay.close.services.days import Explained, close_day, reopen_day, start_review

__all__ = ["Counted", "Explained", "close_day", "count_cash", "reopen_day", "start_review"]
