"""The clinic's own fields: named in the settings, filled in with a treatment (S3.33, S3.34)."""

import pytest

from balances.services import complete_event, hold_credit
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from payments.services import name_own_fields
from tests.access.samples import Words
from tests.balances.money import credit_of
from tests.factories import a_patient, a_payment, an_event
from treatments.models import PriceItem, TreatmentEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def ethan(harbor):
    PriceItem.objects.create(code="D2740", description="Crown", fee=20000)
    return a_patient(harbor)


@pytest.fixture
def ask(client, harbor):
    """Send or open a page as somebody: its answer's status and words."""

    def asked(who, name, data=None, query="", **arguments):
        client.force_login(getattr(harbor, who).user)
        place = address(harbor.clinic, name, **arguments) + query
        answer = client.get(place) if data is None else client.post(place, data, follow=True)
        return answer.status_code, Words(answer.content.decode()).text, answer.content.decode()

    return asked


def named(harbor, first="Insurance case", second=""):
    name_own_fields(by=harbor.adam, custom_1=first, custom_2=second)


def test_s3_33_up_to_two_fields_are_named_in_the_settings_with_a_trail(ask, harbor):
    """S3.33: name each, rename, take a name away; empty is absent."""
    _, text, _ = ask("adam", "settings_own_fields", {"custom_1": "Insurance case", "custom_2": "Sponsor"})
    assert "own fields were saved" in text
    assert "A new name is only a new label" in text
    assert "What was filled in is kept" in text
    clinic = Clinic.objects.get(pk=harbor.clinic.pk)
    assert (clinic.custom_1, clinic.custom_2) == ("Insurance case", "Sponsor")
    ask("adam", "settings_own_fields", {"custom_1": "Claim", "custom_2": ""})
    line = AuditEvent.objects.filter(action="clinic.own_fields_named").latest("pk")
    assert line.before == {"custom_1": "Insurance case", "custom_2": "Sponsor"}
    assert line.after == {"custom_1": "Claim", "custom_2": ""}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("Case", "case"), "Both are called “Case”."),
        (("Discipline", ""), "Money can be held for a discipline already."),
        (("x" * 41, ""), "at most 40"),
    ],
)
def test_wrong_names_are_refused_in_words(ask, harbor, names, says):
    status, text, _ = ask("adam", "settings_own_fields", dict(zip(("custom_1", "custom_2"), names, strict=True)))
    assert status == 422
    assert says in text
    assert Clinic.objects.get(pk=harbor.clinic.pk).custom_1 == ""


def test_name_stays_while_money_is_held_for_the_field(ask, harbor, ethan):
    named(harbor)
    payment = a_payment(harbor, ethan.account, 900)
    hold_credit(credit_of(payment), 900, by=harbor.rita, criteria={"custom_1": "BC-1"})
    status, text, _ = ask("adam", "settings_own_fields", {"custom_1": "", "custom_2": ""})
    assert status == 422
    assert f"Money is held for “Insurance case”: {payment.ref}." in text
    assert "1 pre-payment held for it" in text
    status, _, _ = ask("adam", "settings_own_fields", {"custom_1": "Claim", "custom_2": ""})
    assert status == 200
    assert Clinic.objects.get(pk=harbor.clinic.pk).custom_1 == "Claim"


def test_only_admin_and_owner_name_fields(ask, harbor):
    assert ask("bill", "settings_own_fields", {"custom_1": "Mine"})[0] == 403


def test_s3_34_treatment_has_the_named_fields_and_no_others(ask, harbor, ethan):
    """S3.34: on the form of a new treatment and on its page; nothing shows of what isn't named."""
    query = f"?patient={ethan.ref}"
    assert "custom_" not in ask("rita", "treatment_new", query=query)[2]
    day = {"service_date": "2026-11-20", "service_time": "10:00", "codes": ["D2740"]}
    form = day | {"practitioner": harbor.practitioner.pk, "location": harbor.location.pk, "custom_1": "BC-1"}
    ask("rita", "treatment_new", form, query)
    event = TreatmentEvent.objects.get()
    assert event.custom_1 == ""

    named(harbor)
    page = ask("rita", "treatment_new", query=query)[2]
    assert "Insurance case" in page
    assert "custom_2" not in page
    ask("rita", "treatment_new", form, query)
    event = TreatmentEvent.objects.latest("pk")
    assert event.custom_1 == "BC-1"
    assert "Insurance case BC-1" in ask("bill", "treatment", number=event.number)[1]
    assert "Insurance case BC-1" in ask("petra", "treatment", number=event.number)[1]
    assert (
        AuditEvent.objects.filter(action="event.scheduled").latest("pk").after["own_fields"] == "Insurance case: BC-1"
    )


def test_own_fields_of_a_treatment_are_filled_in_later(ask, harbor, ethan):
    event = an_event(harbor, ethan, 5000)
    assert "Edit own fields" not in ask("rita", "treatment", number=event.number)[1]
    assert "has no fields of its own" in ask("rita", "treatment_own_fields", number=event.number)[1]
    named(harbor)
    assert "Edit own fields" in ask("rita", "treatment", number=event.number)[1]
    ask("rita", "treatment_own_fields", {"custom_1": "BC-2", "custom_2": "not there"}, number=event.number)
    event.refresh_from_db()
    assert (event.custom_1, event.custom_2) == ("BC-2", "")
    line = AuditEvent.objects.get(action="event.own_fields_set")
    assert (line.before, line.after) == (
        {"own_fields": "Insurance case: –"},
        {"own_fields": "Insurance case: BC-2"},
    )


def test_own_fields_of_a_closed_treatment_are_filled_in_still(ask, harbor, ethan):
    """Until the day is closed: insurers' numbers often come after the visit."""
    named(harbor)
    event = an_event(harbor, ethan, 5000)
    complete_event(event, by=harbor.petra)
    assert "Edit own fields" in ask("rita", "treatment", number=event.number)[1]
    ask("rita", "treatment_own_fields", {"custom_1": "BC-3"}, number=event.number)
    event.refresh_from_db()
    assert event.custom_1 == "BC-3"


def test_cancelled_treatment_is_not_changed_any_more(ask, harbor, ethan):
    named(harbor)
    event = an_event(harbor, ethan, 5000)
    ask("rita", "treatment_cancel", {}, number=event.number)
    assert "Edit own fields" not in ask("rita", "treatment", number=event.number)[1]
    status, text, _ = ask("rita", "treatment_own_fields", {"custom_1": "BC-2"}, number=event.number)
    assert status == 422
    assert "is cancelled; it can't be changed" in text
