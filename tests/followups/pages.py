"""How tests of follow-ups open pages and read them."""

import re
from html import unescape

from django.test import Client


def browser(member) -> Client:
    """Where a member has signed in."""
    client = Client()
    client.force_login(member.user)
    return client


def text_of(response) -> str:
    """The page's words with single spaces."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def value_of(page: str, name: str) -> str:
    """What a hidden field of a page holds."""
    return re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1]
