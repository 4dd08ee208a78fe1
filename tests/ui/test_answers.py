import json

import pytest
from django import forms
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinicpay.staff import problems
from clinicpay.ui import answers, htmx


class NameForm(forms.Form):
    name = forms.CharField()


@pytest.fixture
def page(settings, tmp_path):
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [*settings.TEMPLATES[0]["DIRS"], tmp_path]}]
    (tmp_path / "page.html").write_text(
        "{% load partials %}<html>{% partialdef results inline %}<p>{{ word }}</p>{% endpartialdef %}</html>"
    )
    return "page.html"


def triggers(response):
    return json.loads(response["HX-Trigger"])


def with_messages(request):
    request._messages = CookieStorage(request)
    return request


def test_page_is_whole_for_a_browser(ask, page):
    response = answers.render_page(ask(), page, {"word": "hi"}, fragment="results")

    assert response.content == b"<html><p>hi</p></html>"
    assert response["Vary"] == "HX-Request"


def test_page_is_its_part_for_htmx(ask, page):
    assert answers.render_page(ask(part=True), page, {"word": "hi"}, fragment="results").content == b"<p>hi</p>"


def test_page_is_whole_when_history_is_restored(ask, page):
    request = ask(part=True, **{"HX-History-Restore-Request": "true"})

    assert b"<html>" in answers.render_page(request, page, {}, fragment="results").content


def test_form_with_errors_answers_422(ask, page):
    assert answers.render_page(ask(), page, {"form": NameForm({})}).status_code == 422
    assert answers.render_page(ask(), page, {"form": NameForm({"name": "x"})}).status_code == 200
    assert answers.render_page(ask(), page, {"form": NameForm()}).status_code == 200


def test_redirect_after_a_post(ask):
    assert answers.redirect_after(ask(), "/next/").url == "/next/"

    response = answers.redirect_after(ask(part=True), "/next/")
    assert (response.status_code, response["HX-Redirect"]) == (204, "/next/")


def test_toasts_add_up_and_keep_other_events():
    response = HttpResponse(headers={"HX-Trigger": json.dumps({"saved": None})})

    answers.toast(response, "Payment “PAY-3” recorded.", link=("PAY-3", "/payments/PAY-3/"))
    answers.toast(response, "Careful", "warning")

    assert triggers(response)["saved"] is None
    assert triggers(response)["toast"] == [
        {
            "text": "Payment “PAY-3” recorded.",
            "level": "success",
            "link": {"label": "PAY-3", "url": "/payments/PAY-3/"},
        },
        {"text": "Careful", "level": "warning"},
    ]
    assert response["HX-Trigger"].isascii()


def test_plain_trigger_names_are_kept():
    response = answers.toast(HttpResponse(headers={"HX-Trigger": "saved, balance"}), "Done")

    assert set(triggers(response)) == {"saved", "balance", "toast"}


def test_messages_of_a_part_leave_as_toasts(ask):
    request = with_messages(ask(part=True))

    def view(request):
        answers.notify(request, "Saved.", link=("PAY-3", "/p/"))
        messages.error(request, "Not all.")
        return HttpResponse("part")

    response = htmx.HtmxAnswers(view)(request)
    assert triggers(response)["toast"] == [
        {"text": "Saved.", "level": "success", "link": {"label": "PAY-3", "url": "/p/"}},
        {"text": "Not all.", "level": "error"},
    ]


def test_messages_wait_for_the_next_page_when_there_is_one(ask):
    def view(request):
        answers.notify(request, "Saved.")
        return answers.redirect_after(request, "/next/")

    request = with_messages(ask(part=True))
    assert "HX-Trigger" not in htmx.HtmxAnswers(view)(request)
    assert [str(message) for message in messages.get_messages(request)] == ["Saved."]


def test_lost_session_opens_the_sign_in_page_and_comes_back(ask):
    login = reverse("account_login")
    request = ask(
        "/c/harbor/payments/part/",
        part=True,
        **{"HX-Current-URL": "https://x.test/c/harbor/payments/?q=a%20b"},
    )

    response = htmx.HtmxAnswers(lambda request: HttpResponseRedirect(f"{login}?next=/part/"))(request)

    assert response.status_code == 401
    assert response["HX-Redirect"] == f"{login}?next=/c/harbor/payments/%3Fq%3Da%2520b"


def test_other_redirects_stay(ask):
    away = htmx.HtmxAnswers(lambda request: HttpResponseRedirect("/elsewhere/"))

    assert away(ask(part=True)).status_code == 302
    assert away(ask()).status_code == 302


def test_failed_csrf_check_refreshes_a_part_and_explains_on_a_page(ask):
    response = problems.csrf_failure(ask(part=True))
    assert (response.status_code, response["HX-Refresh"], response.content) == (403, "true", b"")

    response = problems.csrf_failure(ask(), reason="CSRF token missing.")
    assert response.status_code == 403
    assert b"Nothing was saved" in response.content
