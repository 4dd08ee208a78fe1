"""Giving out statements: what was sent is kept as it was (decisions/0134), and asks for what is due (0135)."""

from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from balances.ledger import lock_accounts
from balances.requests import Once, answer, claim
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.numbers import take
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import family
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from clinicpay.ui.words import day_words
from followups.models import Statement, StatementFile, StatementRun
from followups.queries.statements import Span, statement_content
from followups.statements.paper import statement_pdf
from payments.gateways import gateway_of
from payments.models import Message, Payment, PaymentLink
from payments.services import Mail, PaymentRequest, create_payment, edit_payment, make_link, revoke_link, send_mail_of
from payments.services.checkouts import close_checkouts
from payments.services.links import LONGEST, link_of
from payments.services.mail import TOKEN
from payments.states import EDITABLE, PaymentStatus

KEEPS = timedelta(days=30)
"""An earlier link serves again if it is good for so much longer."""

MEMO = "Statement of account"


@dataclass(frozen=True)
class Giving:
    """How a statement goes out: of which days, to which address (none: printed), and our own address for its link."""

    span: Span
    to: str = ""
    site: str = ""
    run: StatementRun | None = None


@transaction.atomic
def give_statement(account: Account, giving: Giving, *, by: Actor, once: Once | None = None) -> Statement:
    """Keep a statement of now under the next number, and send it if there is an address; printing is up to the caller.

    Raises Refusal when the request behind its link is being paid at this moment; Repeated with its number.
    """
    require(by, Can.SEND_STATEMENT)
    if once:
        claim(once, user_id=by.user_id)
    statement = make_statement(account, giving, by=by)
    if giving.to:
        mail_statement(statement, giving.to, by=by)
    if once:
        answer(once, {"statement": statement.number})
    return statement


def make_statement(account: Account, giving: Giving, *, by: Actor) -> Statement:
    """The row alone, with its request and link; in the caller's transaction."""
    patient, asked = family(account).first(), request_of(account)
    if asked and asked.amount != account.owes:
        close_checkouts(asked)  # the gateway is asked before the account is locked
    [account] = lock_accounts([account.pk]).values()
    content = statement_content(account, giving.span, by.clinic)
    place = Location.objects.get(pk=content.pop("location"))
    link = _link(account, content["due"], patient, place, by=by) if giving.site else None
    if link:
        until = timezone.localtime(link.expires_at, clock.zone(by.clinic)).date()
        content["pay"] = {"site": giving.site, "until": until.isoformat(), "ref": link.payment.ref}
    statement = Statement.objects.create(
        number=take(Statement.KIND)[0],
        account=account,
        patient=patient,
        location=place,
        link=link,
        run=giving.run,
        amount=content["due"],
        to=giving.to,
        content=content,
        made_by_id=by.user_id,
    )
    record("statement.made", statement, by=by, after={"amount": statement.amount, "email": giving.to})
    return statement


def request_of(account: Account) -> Payment | None:
    """The request to collect that the account's statements ask for, while it can still be paid."""
    given = Statement.objects.filter(account=account, link__isnull=False).order_by("-pk")
    last = given.select_related("link__payment").defer("content").first()
    payment = last.link.payment if last and last.link else None
    return payment if payment and payment.status in EDITABLE else None


def _link(account: Account, due: int, patient: Patient | None, place: Location, *, by: Actor) -> PaymentLink | None:
    """Where the amount due can be paid by card; none where nobody takes cards, or nothing is due (0135)."""
    gateway = gateway_of(by.clinic)
    if not due or patient is None or gateway is None or gateway.objection(due, by.clinic.currency):
        return None
    asked = PaymentRequest(patient, due, place, memo=MEMO, account=account)
    payment = request_of(account)
    if payment is None:
        payment = create_payment(asked, by=by, status=PaymentStatus.PENDING)
    elif payment.amount != due:
        payment = edit_payment(payment, replace(asked, patient=payment.patient or patient), by=by)
    link = link_of(payment)
    if link and link.expires_at > timezone.now() + KEEPS:
        return link
    if link and link.expires_at > timezone.now():
        revoke_link(payment, by=by)
    return make_link(payment, by=by, days=LONGEST)


def mail_statement(statement: Statement, to: str, *, by: Actor, once: Once | None = None) -> Message:
    """Send a statement, for the first time or again: what goes out is what was kept."""
    require(by, Can.SEND_STATEMENT)
    subject, body = statement_words(statement, by.clinic)
    return send_mail_of(statement, Mail(Message.Kind.STATEMENT, to, subject, body), by=by, once=once)


def statement_words(statement: Statement, clinic: Clinic) -> tuple[str, str]:
    """Subject and text of the email: the clinic, the number and what is due; no patient and no treatment."""
    due, pay = money.show(statement.amount, statement.content["currency"]), statement.content["pay"]
    by_card = f"You can pay by card here:\n{pay['site']}/pay/{TOKEN}/\n\n" if pay else ""
    asked = f"{due} is due now.\n\n{by_card}" if statement.amount else "Nothing is due now.\n\n"
    text = (
        f"Your statement {statement.ref} of {day_words(timezone.localdate(statement.made_at))} is attached as a PDF "
        f"document. {asked}{clinic.name}\n{statement.location}\n\n"
        "This message was sent by ClinicPay for the clinic. If it is not for you, please tell them and delete it.\n"
    )
    return f"Statement {statement.ref} from {clinic.name}", text


def pdf_of(statement: Statement) -> bytes:
    """The PDF that was kept; made and kept when somebody asks for it first."""
    kept = StatementFile.objects.filter(statement=statement).values_list("content", flat=True).first()
    if kept is None:
        keep_pdf(statement, statement_pdf(statement))
        kept = StatementFile.objects.values_list("content", flat=True).get(statement=statement)
    return bytes(kept)


def keep_pdf(statement: Statement, made: bytes) -> None:
    """Keep it, unless somebody was faster: then theirs is the one."""
    StatementFile.objects.bulk_create([StatementFile(statement=statement, content=made)], ignore_conflicts=True)
