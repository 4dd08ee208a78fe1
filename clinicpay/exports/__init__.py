"""Closed days that leave for the clinic's bookkeeping, and the account codes that they leave with."""
