"""Papers of closed days that were drawn and are kept."""

from django.db import models

from clinicpay.clinics.models import TenantForeignKey, TenantModel
from clinicpay.close.models.closes import DailyClose
from clinicpay.close.states import CloseState


class SheetPaper(TenantModel):
    """The PDF of the day sheet of a large day, drawn once by a worker for each version and kept.

    Once the version is opened again, another one says so.
    """

    close = TenantForeignKey(DailyClose, related_name="papers")
    state = models.CharField(max_length=9, choices=CloseState)
    content = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "close", "state"], name="close_sheetpaper_one"),
            models.CheckConstraint(
                condition=models.Q(state__in=[CloseState.CLOSED, CloseState.REOPENED]), name="close_sheetpaper_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.close} v{self.close.version}.pdf"
