"""Forms of payments: HTTP to clean values."""

from payments.forms.allocate import AllocateForm, Terms, filled_top_down, refilled
from payments.forms.desk import ApplyForm, TakePaymentForm, TenderForm, filled_in
from payments.forms.files import DocumentsForm, NoteForm, RemoveForm
from payments.forms.holds import ChangeHoldForm, HoldForm, OwnFieldNamesForm, ReleaseForm
from payments.forms.links import CreditedForm, GatewayForm, LinkForm, ReturnedForm
from payments.forms.mail import SendForm
from payments.forms.office import OfficeChargeForm
from payments.forms.refunds import GoingBackForm, PlainForm, RefundForm, RefundLimitForm, ReturnForm, SealedForm
from payments.forms.status import CollectForm, MoveForm
from payments.forms.twins import TwinCheck
from payments.forms.undo import CreditNoteForm, NotBilledForm, ReasonForm, SealedReasonForm, UndoForm

__all__ = [
    "AllocateForm",
    "ApplyForm",
    "ChangeHoldForm",
    "CollectForm",
    "CreditNoteForm",
    "CreditedForm",
    "DocumentsForm",
    "GatewayForm",
    "GoingBackForm",
    "HoldForm",
    "LinkForm",
    "MoveForm",
    "NotBilledForm",
    "NoteForm",
    "OfficeChargeForm",
    "OwnFieldNamesForm",
    "PlainForm",
    "ReasonForm",
    "RefundForm",
    "RefundLimitForm",
    "ReleaseForm",
    "RemoveForm",
    "ReturnForm",
    "ReturnedForm",
    "SealedForm",
    "SealedReasonForm",
    "SendForm",
    "TakePaymentForm",
    "TenderForm",
    "Terms",
    "TwinCheck",
    "UndoForm",
    "filled_in",
    "filled_top_down",
    "refilled",
]
