"""The two criteria fields that a clinic names itself (S3.33)."""

from django.db import transaction

from balances.held import open_holds
from balances.matching import WORDS
from clinicpay.audit.services import record
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can

OWN = ("custom_1", "custom_2")


@transaction.atomic
def name_own_fields(*, by: Actor, custom_1: str, custom_2: str) -> None:
    """Name the clinic's own fields, or take a name away: then the field is nowhere, and what it held is kept.

    Raises Refusal for a name that is taken, and for one taken away while money is held for that field.
    """
    require(by, Can.MANAGE_SETTINGS)
    names = {"custom_1": custom_1.strip(), "custom_2": custom_2.strip()}
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=by.clinic.pk)
    before = {name: getattr(clinic, name) for name in OWN}
    if names == before:
        return
    _check(names, before)
    for name, value in names.items():
        setattr(clinic, name, value)
    clinic.save(update_fields=list(OWN))
    record("clinic.own_fields_named", clinic, by=by, before=before, after=names)


def _check(names: dict[str, str], before: dict[str, str]) -> None:
    first, second = (name.casefold() for name in names.values())
    if first and first == second:
        raise Refusal(f"Both are called “{names['custom_1']}”. Give them different names.")
    for name in names.values():
        if name.casefold() in WORDS:
            raise Refusal(f"Money can be held for a {name.lower()} already. Choose another name.")
    for name in OWN:
        asking = payments_asking(name) if before[name] and not names[name] else []
        if asking:
            more = f" and {len(asking) - 5} more" if len(asking) > 5 else ""
            raise Refusal(
                f"Money is held for “{before[name]}”: {', '.join(asking[:5])}{more}. "
                "Change what it is held for, or release it, before you take the name away."
            )


def payments_asking(name: str) -> list[str]:
    """The payments whose money is held for one of the clinic's own fields, by their numbers."""
    rows = open_holds().filter(**{f"criteria__{name}__gt": ""})
    return [str(held.payment) for held in rows.select_related("payment").order_by("payment__number")]
