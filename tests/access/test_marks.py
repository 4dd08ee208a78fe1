"""`manage.py check` names every address whose view doesn't say who may open it."""

import types

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path

from clinicpay.staff.access import allowed, public, signed_in
from clinicpay.staff.checks import addresses, views_are_marked
from clinicpay.staff.roles import Can


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


member_only = allowed(Can.ENTER)(bare)


@public
def open_to_all(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@signed_in
def own_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _errors(*patterns) -> list[str]:
    urlconf = types.ModuleType("planted_urls")
    urlconf.urlpatterns = list(patterns)
    with override_settings(ROOT_URLCONF=urlconf):
        return [error.msg for error in views_are_marked()]


def _inside(*patterns):
    return path("c/<slug:slug>/", include(list(patterns)))


def test_project_has_a_mark_on_every_view():
    assert views_are_marked() == []


def test_marked_views_pass():
    assert _errors(path("", own_page), path("open/", open_to_all), _inside(path("a/", member_only))) == []


@pytest.mark.parametrize("view", [bare, open_to_all, own_page])
def test_clinic_view_without_permission_fails(view):
    assert [error.split(":", 2)[:2] for error in _errors(_inside(path("payments/<int:pk>/", view)))] == [
        ["/c/<slug", "slug>/payments/<int"]
    ]


def test_other_view_without_mark_fails():
    assert _errors(path("lost/", bare)) == ["/lost/: mark the view @public or @signed_in"]


def test_permission_outside_a_clinic_fails():
    assert _errors(path("lost/", member_only)) == ["/lost/: @allowed needs an address that begins with /c/<slug:slug>/"]


def test_addresses_reach_into_includes():
    found = {address.name: address for address in addresses()}

    assert found["patient_edit"].route == "c/<slug:slug>/patients/<pt:number>/edit/"
    assert found["patient_edit"].in_clinic
    assert not found["account_login"].in_clinic
