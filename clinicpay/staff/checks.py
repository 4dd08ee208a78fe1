"""`manage.py check` fails for an address whose view does not say who may open it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.core.checks import CheckMessage, Error, Tags, register
from django.urls import URLPattern, URLResolver, get_resolver

CLINIC = "c/<slug:slug>/"
"""How the address of everything inside a clinic begins; the middleware reads the same path."""

OTHERS = ("allauth.",)
"""Packages whose views keep their own rules about signing in."""


class Address(NamedTuple):
    """One address of the resolver: its route as written in urls, its name, its view."""

    route: str
    name: str
    view: Callable[..., Any]

    @property
    def in_clinic(self) -> bool:
        """Whether the middleware asks for a membership before the view runs."""
        return self.route.startswith(CLINIC)


def addresses(urlconf: str | None = None) -> Iterator[Address]:
    """Every address of an URLconf (the project's own by default), included ones too."""
    return _walk(get_resolver(urlconf), "", "")


def _walk(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield Address(route, f"{namespace}{pattern.name or ''}", pattern.callback)
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern, route, inner)


@register(Tags.security)
def views_are_marked(app_configs: object = None, **_kwargs: Any) -> list[CheckMessage]:
    """Every view says who may open it."""
    return [Error(f"/{one.route}: {wrong}", id="staff.E001") for one in addresses() if (wrong := _wrong_with(one))]


def _wrong_with(address: Address) -> str:
    marks = {mark for mark in ("allowed", "public", "signed_in") if getattr(address.view, mark, None)}
    if marks & {"allowed"} and not address.in_clinic:
        return f"@allowed needs an address that begins with /{CLINIC}"
    if address.in_clinic and marks != {"allowed"}:
        return "a view inside a clinic must be marked @allowed(Can.…), and nothing else"
    if len(marks) != 1 and not address.view.__module__.startswith(OTHERS):
        return "mark the view @public or @signed_in"
    return ""
