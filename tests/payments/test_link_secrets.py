"""E12: nobody finds a link by guessing, and its token is in no log, no row and no referer."""

import io
import json
import logging
import secrets

import pytest
from django.core.cache import cache
from psycopg import sql

from clinicpay import logs
from payments.services.links import LinkDead, offer_of
from tests.payments.checkout import a_link, desk, page_of, pay, stranger, token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_has_guessed():
    """How often somebody has asked for links that do not exist is another test's."""
    cache.clear()


def flipped(text: str) -> list[str]:
    """The token with each single bit of each letter changed."""
    return [
        f"{text[:place]}{chr(ord(letter) ^ (1 << bit))}{text[place + 1 :]}"
        for place, letter in enumerate(text)
        for bit in range(7)
    ]


def test_e12_no_wrong_changed_or_enumerated_token_is_found(shop):
    """1 bit changed, cut, longer, other case, and 10,000 at random: 0 found; the token itself is."""
    link = a_link(shop)
    right = token(link)
    tried = [
        *flipped(right),
        right[:-1],
        f"{right}A",
        right.swapcase(),
        right[::-1],
        "",
        " ",
        link.nonce,
        link.token_hash,
    ]
    tried += [secrets.token_urlsafe(24) for _ in range(10_000)]

    found = [one for one in tried if one != right and is_found(one)]

    assert found == []
    assert is_found(right)


def is_found(text: str) -> bool:
    try:
        offer_of(text)
    except LinkDead:
        return False
    return True


def test_e12_guessing_by_the_page_ends_soon_and_finds_nothing(shop):
    link = a_link(shop)
    answers = [stranger().get(f"/pay/{secrets.token_urlsafe(24)}/").status_code for _ in range(60)]

    assert answers == [404] * 30 + [429] * 30
    assert stranger().get(f"/pay/{token(link)}/").status_code == 429, "whoever guesses opens nothing for a while"
    assert stranger(REMOTE_ADDR="198.51.100.7").get(f"/pay/{token(link)}/").status_code == 200


def test_e12_token_is_in_no_log_no_row_and_no_referer(shop, superuser):
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.json_formatter())
    root.addHandler(handler)
    link = a_link(shop)
    secret, browser = token(link), stranger()
    try:
        desk(shop).get(page_of(shop, link.payment))
        desk(shop).post(
            f"{page_of(shop, link.payment)}link/send/",
            {"to": "mia@example.test", "request_key": "7d9f6a1e-3f0b-4c58-9d0f-3d9c2b8f5a11"},
        )
        answer = browser.get(f"/pay/{secret}/")
        pay(shop, link)
        browser.get(f"/pay/{secret}/")
        browser.get(f"/pay/{secret[:-1]}/")
        browser.get(f"/pay/{secret}/nowhere/")
        browser.delete(f"/pay/{secret}/")
    finally:
        root.removeHandler(handler)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {line["route"] for line in lines if line["event"] == "request"} >= {"pay/<str:token>/"}
    assert secret not in stream.getvalue()
    assert answer["Referrer-Policy"] == "no-referrer"
    assert rows_that_hold(superuser, secret) == []
    assert rows_that_hold(superuser, link.token_hash) == ["payments_paymentlink"], "the control: the scan can see"


def rows_that_hold(observer, text: str) -> list[str]:
    """Tables with a row in which a text stands, whatever the column."""

    names = [
        row[0]
        for row in observer.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        )
    ]
    query = "select 1 from {} t where position(%s in t::text) > 0 limit 1"
    return [name for name in names if observer.execute(sql.SQL(query).format(sql.Identifier(name)), [text]).fetchone()]
