"""The verbs that change what is owed: charges, credit notes, write-offs, and the moves of payment plans."""

from collections.abc import Sequence
from datetime import date

from balances.ledger.base import Line, Pages, above_zero, check_dated, mirror, needed, place
from balances.models import Charge, Entry, Invoice
from balances.states import ChargeKind, EntryKind, PostingKind
from clinicpay.clinics.refusals import Refusal

CreditNote = Entry
"""An entry that credited a charge, for those who only pass it on."""

INSTALMENT_OF = "Instalment: "


class DebtVerbs(Pages):
    """Amounts are minor units. What breaks a rule is refused by the database, in the user's words."""

    def charge(self, invoice: Invoice, charges: Sequence[Charge]) -> list[Charge]:
        """Bill unsaved charges on a saved invoice: debt grows by their amounts."""
        return self.charge_many([(invoice, charge, None) for charge in charges])

    def charge_many(self, bills: Sequence[tuple[Invoice, Charge, date | None]]) -> list[Charge]:
        """Like `charge` for many invoices at once; an import gives each charge a past date of its own."""
        for invoice, charge, day in bills:
            self._own(invoice.account_id)
            check_dated(self.by, self.source, day)
            charge.invoice, charge.account_id = invoice, invoice.account_id
        saved = Charge.objects.bulk_create(charge for _, charge, _ in bills)
        for (invoice, _, day), charge in zip(bills, saved, strict=True):
            line = Line(EntryKind.CHARGE, charge_id=charge.pk, charge_delta=charge.amount)
            self._note(PostingKind.CHARGE, invoice.location_id, line, day=day)
        return saved

    def credit_note(self, charge: Charge, amount: int, *, reason: str) -> None:
        """Take back part or all of what was billed and is still owed: debt and revenue shrink together."""
        self._lower(PostingKind.CREDIT_NOTE, EntryKind.CREDIT_NOTE, charge, amount, reason=reason)

    def reverse_credit_note(self, entry: Entry, *, reason: str) -> None:
        """Owe again what one credit note took back."""
        self._undo(PostingKind.REVERSE_CREDIT_NOTE, EntryKind.UNCREDIT, entry, reason=reason)

    def write_off(self, charge: Charge, amount: int, *, reason: str) -> None:
        """Give up collecting part or all of what is still owed: an expense, not less revenue."""
        self._lower(PostingKind.WRITE_OFF, EntryKind.WRITE_OFF, charge, amount, reason=reason)

    def reverse_write_off(self, entry: Entry, *, reason: str) -> None:
        """Owe again what one write-off gave up."""
        self._undo(PostingKind.REVERSE_WRITE_OFF, EntryKind.UNWRITE_OFF, entry, reason=reason)

    def recover(self, charge: Charge, amount: int) -> None:
        """Owe again, up to what was written off, because somebody pays after all (W4); then it can be applied."""
        self._own(charge.account_id)
        line = Line(EntryKind.RECOVER, charge.pk, above_zero(amount, "to recover"))
        self._note(PostingKind.RECOVER, place(charge), line)

    def convert(self, charge: Charge, amount: int) -> Charge:
        """Move part or all of what a billed charge owes to a plan; returns the plan's unbilled principal (P3)."""
        self._own(charge.account_id)
        principal = _moved_from(charge, ChargeKind.PRINCIPAL, above_zero(amount, "to plan"))
        principal.description = charge.description
        principal.save()
        self._move(PostingKind.CONVERT, place(charge), charge, principal)
        return principal

    def bill_instalment(self, invoice: Invoice, parts: Sequence[tuple[Charge, int]]) -> list[Charge]:
        """Bill parts of unbilled principal, (principal, amount) each, on an instalment's invoice."""
        charges = []
        for line, (principal, amount) in enumerate(parts, 1):
            self._own(principal.account_id, invoice.account_id)
            billed = _moved_from(principal, ChargeKind.INSTALMENT, above_zero(amount, "to bill"))
            billed.invoice, billed.line, billed.service_date = invoice, line, invoice.invoice_date
            billed.description = f"{INSTALMENT_OF}{principal.description}"[:255]
            billed.save()
            self._move(PostingKind.INSTALMENT, invoice.location_id, principal, billed)
            charges.append(billed)
        return charges

    def cancel_principal(self, principal: Charge, *, reason: str) -> None:
        """Return unbilled principal to the charge that it came from, on its own invoice with its own age (P4)."""
        self._own(principal.account_id)
        source, left = principal.source, principal.outstanding
        if principal.kind != ChargeKind.PRINCIPAL or source is None:
            raise Refusal("Only what is unbilled on a payment plan can be returned.")
        lines = Line(EntryKind.MOVE_OUT, principal.pk, -left), Line(EntryKind.MOVE_BACK, source.pk, left)
        self._note(PostingKind.CANCEL_PLAN, place(source), *lines, reason=needed(reason))

    def _move(self, kind: PostingKind, location_id: int, source: Charge, target: Charge) -> None:
        lines = (
            Line(EntryKind.MOVE_OUT, source.pk, -target.amount),
            Line(EntryKind.MOVE_IN, target.pk, target.amount),
        )
        self._note(kind, location_id, *lines)

    def _lower(self, kind: PostingKind, line: EntryKind, charge: Charge, amount: int, *, reason: str) -> None:
        self._own(charge.account_id)
        amount = above_zero(amount, "to take off")
        self._note(kind, place(charge), Line(line, charge.pk, -amount), reason=needed(reason))

    def _undo(self, kind: PostingKind, line: EntryKind, entry: Entry, *, reason: str) -> None:
        mirrored, charge = mirror(line, entry), entry.charge
        assert charge  # the shape of what these undo
        self._own(charge.account_id)
        self._note(kind, place(charge), mirrored, reason=needed(reason))


def _moved_from(source: Charge, kind: ChargeKind, amount: int) -> Charge:
    """A charge that takes over part of another's debt: same account, patient and event, so the event keeps it."""
    return Charge(
        kind=kind,
        source=source,
        account_id=source.account_id,
        patient_id=source.patient_id,
        event_id=source.event_id,
        code=source.code,
        service_date=source.service_date,
        amount=amount,
    )
