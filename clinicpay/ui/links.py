"""Addresses within the same page: the present query string with a few things changed."""

from urllib.parse import urlencode

from django.http import QueryDict


def with_query(params: QueryDict, **changes: object) -> str:
    """The query string of `params` after `changes`; None or "" takes a name out.

    Always begins with "?", because an empty hx-get asks for the address in the bar instead.
    """
    query = dict(params.lists())  # a copy of the QueryDict itself would be a deep one, and a page has twenty addresses
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = [str(value)]
    return f"?{urlencode([(name, value) for name, values in query.items() for value in values])}"


def without_value(params: QueryDict, name: str, value: str) -> str:
    """The query string with one of the values of `name` taken out."""
    query = params.copy()
    query.setlist(name, [kept for kept in query.getlist(name) if kept != value])
    return f"?{query.urlencode()}"
