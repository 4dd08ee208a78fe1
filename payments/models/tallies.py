"""What the cards of the payments page add up: lines that triggers write and that are folded later (decision 70)."""

from datetime import date

from django.db import models

from clinicpay.clinics.models import TenantModel

NO_DAY = date(9999, 12, 31)
"""The day of a line that has none: it is never overdue, and the database needs no null to group by."""


class Tally(TenantModel):
    """One line of the sums; amounts are minor units. sql/0011_tallies.sql writes it, nobody else may.

    With a `status`, so many `payments` of so much `amount` came to it (or left it, below zero); `day` is when they are
    due while they are not collected. Without one, `amount` was received in the month that begins on `day`, and
    `returned` of what had been received went back, at the location whose id is `place` (0 of a status).
    """

    status = models.CharField(max_length=20, blank=True)
    day = models.DateField(default=NO_DAY)
    payments = models.BigIntegerField(default=0)
    amount = models.BigIntegerField(default=0)
    returned = models.BigIntegerField(default=0)
    place = models.BigIntegerField(default=0, db_default=0)

    class Meta(TenantModel.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.status or 'collected'} {self.day}: {self.payments} of {self.amount}"
