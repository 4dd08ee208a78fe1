"""Who takes cards for a clinic. Secrets go in and never come out again."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.gateways import fault_of, mode_of, seal
from payments.gateways.sealing import unseal
from payments.models import GatewaySettings
from payments.states import GatewayName


def gateway_settings() -> GatewaySettings:
    """What is chosen, or that nothing is."""
    return GatewaySettings.objects.first() or GatewaySettings()


def is_trial(row: GatewaySettings) -> bool:
    """Whether cards are taken, but no money moves."""
    return row.gateway == GatewayName.STRIPE and mode_of(unseal(row.secret)) == "test"


@transaction.atomic
def set_gateway(gateway: GatewayName, *, by: Actor, secret: str = "", webhook_secret: str = "") -> GatewaySettings:
    """Choose who takes cards; an empty secret leaves the one that is there. The trail says which, never the secrets."""
    require(by, Can.MANAGE_SETTINGS)
    if gateway == GatewayName.SIMULATOR and not settings.GATEWAY_SIMULATOR:
        raise Refusal("The simulator moves no money, and is switched off on this server.")
    if gateway == GatewayName.STRIPE and (words := fault_of(secret.strip(), webhook_secret.strip())):
        raise Refusal(words)
    row = GatewaySettings.objects.select_for_update(no_key=True).first() or GatewaySettings()
    before, row.gateway = row.gateway, gateway
    row.secret = seal(secret.strip()) or row.secret
    row.webhook_secret = seal(webhook_secret.strip()) or row.webhook_secret
    if gateway == GatewayName.STRIPE and not (row.secret and row.webhook_secret):
        raise Refusal("Stripe needs both its secret key and the signing secret of its webhook.")
    row.changed_at = timezone.now()
    if row.pk:  # the application may update no other column
        row.save(update_fields=["gateway", "secret", "webhook_secret", "changed_at"])
    else:
        row.save()
    after = {"gateway": str(gateway)} | ({"new_secrets": True} if secret or webhook_secret else {})
    record("gateway.set", row, by=by, before={"gateway": str(before)}, after=after)
    return row
