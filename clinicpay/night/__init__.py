"""A clinic's night: what it does, when, and the page that tells of it."""

from clinicpay.night.steps import ATTEMPTS, STEPS, Night, Step, Tally, begins, due_dates, plan_nights, run_night

__all__ = ["ATTEMPTS", "STEPS", "Night", "Step", "Tally", "begins", "due_dates", "plan_nights", "run_night"]
