"""Reads of the daily close."""

from clinicpay.close.queries.days import current_close, earlier_open_day, events_of_day
from clinicpay.close.queries.findings import Finding, findings
from clinicpay.close.queries.totals import totals_of_day

__all__ = ["Finding", "current_close", "earlier_open_day", "events_of_day", "findings", "totals_of_day"]
