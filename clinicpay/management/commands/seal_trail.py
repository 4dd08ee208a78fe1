"""`manage.py seal_trail`: seal what is settled of the trail, for one clinic or for all."""

from argparse import ArgumentParser
from typing import Any

from clinicpay.audit.sealing import seal
from clinicpay.clinics.commands import ClinicCommand, clinic_id, long_scope
from clinicpay.clinics.queries import all_clinics


class Command(ClinicCommand):
    """The same as the tick does every few minutes."""

    help = "Seal the trail's settled rows in blocks, for one clinic or for all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--clinic", metavar="SLUG", help="only this clinic")

    def handle(self, *, clinic: str | None, **options: Any) -> None:
        """Seal clinic by clinic."""
        clinics = {clinic: clinic_id(clinic)} if clinic else all_clinics()
        sealed = [_sealed(slug, pk) for slug, pk in clinics.items()]
        words = "\n".join(f"{one['clinic']}: {one['rows']} rows in {one['blocks']} new blocks" for one in sealed)
        self.answer({"clinics": sealed}, words or "There is no clinic yet.", as_json=options["json"])


def _sealed(slug: str, clinic: int) -> dict[str, Any]:
    with long_scope(clinic):
        blocks = seal()
    return {"clinic": slug, "blocks": len(blocks), "rows": sum(block.size for block in blocks)}
