"""`manage.py drill [NAME …]`: fault drills, on servers of their own."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clinicpay.drills.__main__ import DRILLS, main


class Command(BaseCommand):
    """Ends with 1 when a promise was broken, 2 when there is no such drill."""

    help = f"Run fault drills on servers that are thrown away afterwards: {', '.join(DRILLS)}, or all."
    requires_system_checks = ()  # it tests another ClinicPay than the one that is set up here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME")

    def handle(self, *, names: list[str], **_options: Any) -> None:
        """Hand over to the drills."""
        raise SystemExit(main(names))
