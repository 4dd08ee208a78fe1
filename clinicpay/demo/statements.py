"""The demo's statements: a batch that was sent, printed and refused, and one that was sent by itself.

Their PDFs are drawn when somebody opens them: a demo clinic is not kept waiting for paper.
"""

from django.utils import timezone

from clinicpay.patients.models import Account
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role
from followups.models import StatementLine, StatementRun
from followups.queries.statement_batches import address_of
from followups.queries.statements import Span
from followups.services.statement_runs import Receiver, begin_run
from followups.services.statements import Giving, give_statement
from payments.models import Message
from payments.services.mail import Fault, settle_message

SITE = "http://127.0.0.1:8000"
REFUSED = "The mail server refused this address."


def make_statements() -> None:
    """Those who owe most: seven in a batch, and one more."""
    bill = Membership.objects.select_related("user", "clinic").get(role=Role.BILLING)
    owing = list(Account.objects.filter(owes__gt=0).order_by("-owes", "pk")[:8])
    receivers = [Receiver(one.pk, address_of(one) if n % 3 else "") for n, one in enumerate(owing[1:])]
    run = begin_run(receivers, asked="age=90%2B", site=SITE, by=bill)
    for line in run.lines.select_related("account").order_by("pk"):
        _give(line, bill)
    StatementRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    if owing:
        _sent(give_statement(owing[0], Giving(Span(), address_of(owing[0]), SITE), by=bill).messages.get())


def _give(line: StatementLine, by: Membership) -> None:
    """As a worker would have done it."""
    line.statement = give_statement(line.account, Giving(Span(), line.to, SITE, line.run), by=by)
    line.state = StatementLine.State.SENT if line.to else StatementLine.State.PRINTED
    line.save(update_fields=["statement", "state"])
    for number, message in enumerate(line.statement.messages.all()):
        _sent(message, Fault(REFUSED, is_final=True) if line.statement.number == 3 + number else None)


def _sent(message: Message, fault: Fault | None = None) -> None:
    settle_message(message.pk, fault)
