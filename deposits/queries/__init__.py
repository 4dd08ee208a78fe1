"""Reads of deposits for screens and acts."""

from deposits.queries.criteria import Criteria, Deposit
from deposits.queries.usable import Batch, Found, Part, Row, Spending, next_batch, retrieve

__all__ = ["Batch", "Criteria", "Deposit", "Found", "Part", "Row", "Spending", "next_batch", "retrieve"]
