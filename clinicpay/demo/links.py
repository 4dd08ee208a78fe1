"""Payment links of a demo clinic whose cards the simulator takes: live, expired, paid, too late, in other money."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from clinicpay.clinics.models import Clinic, Location
from clinicpay.patients.models import Patient
from clinicpay.staff.models import ClinicPayItself
from payments.gateways import gateway_of, token_of
from payments.gateways.simulator import Press, press
from payments.models import Payment, PaymentLink
from payments.services import PaymentRequest, collect_payment, create_payment, make_link, set_gateway
from payments.services.checkouts import asked_of, begin_checkout, note_opened
from payments.services.links import offer_of
from payments.services.settling import settle
from payments.states import CheckoutState, GatewayName, Method


@dataclass
class Links:
    """Fills one clinic."""

    clinic: Clinic
    by: ClinicPayItself

    def make(self) -> None:
        """Nothing where the simulator is switched off."""
        if not settings.GATEWAY_SIMULATOR:
            return
        set_gateway(GatewayName.SIMULATOR, by=self.by)
        patients = list(Patient.objects.select_related("account").order_by("-pk")[:6])
        for patient, amount in zip(patients[:2], (12_500, 84_000), strict=False):
            make_link(self.ask(patient, amount, "Sent by text message"), by=self.by)
        self.expired(patients[2])
        self.paid(patients[3])
        self.late(patients[4])
        self.abroad(patients[5])

    def ask(self, patient: Patient, amount: int, memo: str) -> Payment:
        """A draft that the link submits."""
        location = Location.objects.order_by("pk")[0]
        return create_payment(PaymentRequest(patient, amount, location, memo=memo), by=self.by)

    def expired(self, patient: Patient) -> None:
        """A link that nobody used in time."""
        link = make_link(self.ask(patient, 6_400, "No answer yet"), by=self.by)
        ended = timezone.now() - timedelta(days=2)
        old = PaymentLink(payment=link.payment, nonce=link.nonce, token_hash=f"demo-{link.pk}", expires_at=ended)
        PaymentLink.objects.filter(pk=link.pk).update(revoked_at=timezone.now())
        old.save(force_insert=True)

    def paid(self, patient: Patient) -> None:
        """A link that was paid, as the simulator tells it."""
        link = make_link(self.ask(patient, 23_000, "Paid from home"), by=self.by)
        self.pay(link, self.open(link))

    def late(self, patient: Patient) -> None:
        """Paid at the desk while the payer was typing the card."""
        link = make_link(self.ask(patient, 9_500, "Crown, second part"), by=self.by)
        session = self.open(link)
        link.payment.checkouts.update(state=CheckoutState.OVER)
        collect_payment(link.payment, by=self.by, method=Method.CASH)
        self.pay(link, session)

    def abroad(self, patient: Patient) -> None:
        """A card that was charged in another currency; somebody has to say what the bank credited."""
        link = make_link(self.ask(patient, 31_000, "Root canal, from abroad"), by=self.by)
        self.pay(link, self.open(link), Press.ABROAD)

    def open(self, link: PaymentLink) -> str:
        """The payer opens the simulator's page."""
        gateway = offer_of(token_of(link.nonce)).gateway
        checkout = begin_checkout(link, gateway=gateway)
        assert checkout  # the link has just been made
        opened = gateway.create_checkout(asked_of(checkout, self.clinic, "http://127.0.0.1:8000"))
        note_opened(checkout, opened)
        return opened.external_id

    def pay(self, link: PaymentLink, session: str, button: Press = Press.PAY) -> None:
        """The payer pays there, and we hear of it."""
        press(self.clinic, session, button)
        gateway = gateway_of(self.clinic)
        standing = gateway.fetch(session=session) if gateway else None
        if standing:
            settle(link.checkouts.get(), standing, by=ClinicPayItself(self.clinic, GatewayName.SIMULATOR.label))
