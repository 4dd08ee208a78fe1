"""What became of a day since somebody looked at it: told to whoever closes it and is not let through."""

from collections.abc import Mapping

from django.core import signing

from balances.states import PostingKind
from clinicpay import money
from clinicpay.close.queries.sheet import Facts

SALT = "close.shown"
MOST = 20_000
"""Characters of the note that a page sends back."""


def noted(facts: Facts, currency: str) -> str:
    """What a page shows of the day, in words by what they are about: signed, as the page sends it back."""
    return signing.dumps(_told(facts, currency), salt=SALT, compress=True)


def changes(note: str, facts: Facts, currency: str) -> str:
    """What differs from the note, as a sentence each: "Cash: $100.00, now $125.00." "" where nothing does."""
    try:
        before: dict[str, str] = signing.loads(note, salt=SALT)
    except signing.BadSignature:
        return ""
    now = _told(facts, currency)
    about = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return " ".join(_sentence(key, before, now) for key in about)


def _told(facts: Facts, currency: str) -> dict[str, str]:
    told = {one.label: money.show(one.expected, currency) for one in facts.tenders}
    if facts.drawer.count:
        told["Cash counted"] = money.show(facts.drawer.count.counted, currency)
    told |= {one.key.replace("-", " "): one.words for one in facts.found}
    kinds = {kind: PostingKind(kind).label if kind in PostingKind.values else kind for kind in facts.acts}
    return told | {str(kinds[kind]): f"{size:,}" for kind, size in facts.acts.items()}


def _sentence(key: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    then = f" {before[key]}," if key in before else ""
    return f"{key}:{then} now {now.get(key, 'none')}."
