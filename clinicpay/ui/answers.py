"""What a view returns: a page or its part, a redirect, a note to the user.

The view decides who may see what; a part is rendered from the same context as its page.
"""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from clinicpay.ui import htmx


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    fragment: str | None = None,
    status: int | None = None,
) -> HttpResponse:
    """Render `template`, or only its partial `fragment` when htmx asked for a part.

    Without a `status`, a bound `form` with errors in the context answers 422.
    """
    context = context or {}
    request.shown = context  # type: ignore[attr-defined]  # whoever records what a person saw reads it here
    if status is None:
        status = htmx.INVALID if _has_errors(context.get("form")) else 200
    name = f"{template}#{fragment}" if fragment and htmx.wants_part(request) else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _has_errors(form: Any) -> bool:
    return isinstance(form, forms.BaseForm | forms.BaseFormSet) and form.is_bound and not form.is_valid()


def redirect_after(request: HttpRequest, url: str) -> HttpResponse:
    """Leave for `url` after a POST: a new page for htmx, 302 otherwise. Messages go along."""
    if htmx.wants_part(request):
        return htmx.go(HttpResponse(status=204), url)
    return HttpResponseRedirect(url)


def toast(
    response: HttpResponse, text: str, level: str = "success", link: tuple[str, str] | None = None
) -> HttpResponse:
    """Show a toast with this htmx answer; `link` is (label, url)."""
    note: dict[str, Any] = {"text": text, "level": level}
    if link:
        note["link"] = {"label": link[0], "url": link[1]}
    htmx.add_toast(response, note)
    return response


def notify(request: HttpRequest, text: str, level: int = messages.SUCCESS, link: tuple[str, str] | None = None) -> None:
    """Leave a message for the next page or part, where it shows as a toast; `link` is (label, url)."""
    tags = json.dumps({"label": link[0], "url": link[1]}) if link else ""
    messages.add_message(request, level, text, extra_tags=tags)
