"""A member's own views of lists."""

import pytest
from django.test import Client

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from clinicpay.staff.models import SavedView
from clinicpay.staff.saved_views import MOST, remove_view, rename_view, save_view, views_of
from tests.factories import a_patient, a_receipt

pytestmark = pytest.mark.django_db

PAID = {"page": "payments", "name": "Paid", "query": "status=paid"}


@pytest.fixture
def browsers(harbor) -> dict[str, Client]:
    made = {}
    for who in ("rita", "bill", "petra"):
        made[who] = Client()
        made[who].force_login(getattr(harbor, who).user)
    return made


def test_view_keeps_filters_and_order_but_not_the_place(harbor):
    view = save_view(harbor.rita, page="payments", name="Paid", query="status=paid&page=4&sort=-amount&q=&per=50&at=1")

    assert view.query == "sort=-amount&status=paid"
    assert AuditEvent.objects.latest("pk").action == "view.saved"


def test_same_name_keeps_the_new_filters_instead(harbor):
    save_view(harbor.rita, **PAID)
    save_view(harbor.rita, **PAID | {"query": "status=voided"})

    assert [view.query for view in SavedView.objects.all()] == ["status=voided"]


def test_open_view_is_marked_whatever_the_order_of_its_words(harbor):
    save_view(harbor.rita, page="payments", name="Paid", query="status=paid&sort=amount")

    views = views_of(harbor.rita, "payments", "page=2&sort=amount&status=paid", SavedView.objects.all)

    assert views.current.view.name == "Paid"
    assert views_of(harbor.rita, "today", "", SavedView.objects.all) is None


def test_only_so_many_views_of_a_list(harbor):
    for number in range(MOST):
        save_view(harbor.rita, **PAID | {"name": f"View {number}"})

    with pytest.raises(Refusal, match="Remove one first"):
        save_view(harbor.rita, **PAID | {"name": "One more"})
    save_view(harbor.rita, **PAID | {"name": "View 3", "query": "status=voided"})


def test_view_is_renamed_and_removed_by_its_member_alone(harbor):
    view, other = save_view(harbor.rita, **PAID), save_view(harbor.rita, **PAID | {"name": "Other"})

    with pytest.raises(Refused):
        rename_view(view, by=harbor.bill, name="Mine")
    with pytest.raises(Refusal, match="already"):
        rename_view(view, by=harbor.rita, name="Other")
    rename_view(view, by=harbor.rita, name="Money in")
    with pytest.raises(Refused):
        remove_view(other, by=harbor.bill)
    remove_view(other, by=harbor.rita)

    assert [view.name for view in SavedView.objects.all()] == ["Money in"]


def test_practitioner_keeps_no_view_of_payments(harbor, browsers):
    assert browsers["petra"].post("/c/harbor/views/", PAID).status_code == 422
    with pytest.raises(Refused):
        save_view(harbor.petra, **PAID)
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"query": ""}, {"page": "settings_team"}, {"name": ""}, {"name": "x" * 61}, {"query": "q=" + "x" * 1000}]
)
def test_form_refuses_what_is_no_view(browsers, wrong):
    assert browsers["rita"].post("/c/harbor/views/", PAID | wrong).status_code == 422
    assert not SavedView.objects.exists()


def test_list_shows_its_views_and_offers_to_keep_what_is_set(harbor, browsers):
    a_receipt(harbor, a_patient(harbor).account, 5000)
    rita, place = browsers["rita"], "/c/harbor/payments/"
    plain, filtered = (rita.get(place, asked).content.decode() for asked in ({}, {"status": "paid"}))
    assert ("Save view" in plain, "Save view" in filtered) == (False, True)

    rita.post("/c/harbor/views/", PAID, follow=True)

    assert 'class="cut-tab" href="/c/harbor/payments/?status=paid"' in rita.get(place).content.decode()
    assert "Save view" not in rita.get(place, {"status": "paid"}).content.decode()
    assert "cut-tab" not in browsers["bill"].get(place).content.decode()


def test_view_of_a_filter_that_is_gone_opens_the_list(harbor, browsers):
    a_receipt(harbor, a_patient(harbor).account, 5000)

    answer = browsers["rita"].get("/c/harbor/payments/?colour=red&status=unheard-of&location=999999")

    assert answer.status_code == 200
    assert "PAY-001" in answer.content.decode() or "No payments match" in answer.content.decode()


def test_question_before_a_view_goes_asks_for_nothing_else(harbor, browsers):
    view = save_view(harbor.rita, **PAID)

    page = browsers["rita"].get(f"/c/harbor/views/{view.pk}/").content.decode()

    assert page.count('name="name"') == 1


def test_view_of_another_member_is_not_found(harbor, browsers):
    view = save_view(harbor.rita, **PAID)

    assert browsers["bill"].get(f"/c/harbor/views/{view.pk}/").status_code == 404
    assert browsers["bill"].post(f"/c/harbor/views/{view.pk}/remove/").status_code == 404
