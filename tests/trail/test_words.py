"""Every action that is recorded has words, and every value that it keeps has a label."""

import ast
from collections.abc import Iterator

import pytest
from django.utils import timezone

from balances.states import EntryKind, PostingKind
from clinicpay.audit.models import ACCESS
from clinicpay.trail.actions import ACTIONS
from clinicpay.trail.movements import SAID
from clinicpay.trail.pages import LISTS
from clinicpay.trail.words import LEDGER, VALUES, action_of, changes, sentence
from tests.access.samples import IN_CLINIC
from tests.architecture.sources import PRODUCT, modules, place

RECORDERS = {"record", "record_many", "books.record"}
BUILT = {"balances/ledger/__init__.py"}
"""Modules that build the name of an action: the ledger's are its kinds, which LEDGER names."""


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in RECORDERS:
            yield node


def _recorded() -> Iterator[tuple[str, str]]:
    """Where each action is recorded, and its name; nothing for a name that is built."""
    for file in modules(*PRODUCT):
        for call in _calls(ast.parse(file.read_text())):
            name = call.args[0]
            yield place(file), name.value if isinstance(name, ast.Constant) else ""


def test_every_recorded_action_has_words():
    missing = [(where, name) for where, name in _recorded() if name and name not in ACTIONS]

    assert missing == [], "give it words in clinicpay/trail/words.py"


def test_names_of_actions_are_built_by_the_ledger_alone():
    assert {where for where, name in _recorded() if not name} == BUILT


def test_no_words_outlive_their_action():
    assert set(ACTIONS) - {name for _, name in _recorded()} == set(ACCESS)


def test_every_kind_of_act_and_of_line_has_words():
    assert set(LEDGER) == set(PostingKind)
    assert set(SAID) == set(EntryKind)


def test_every_kept_value_has_a_label():
    """The keys of `before` and `after`, as far as they are written out where they are recorded."""
    kept = {
        key.value
        for file in modules(*PRODUCT)
        for call in _calls(ast.parse(file.read_text()))
        for word in call.keywords
        if word.arg in {"before", "after"}
        for node in ast.walk(word.value)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }

    assert {"name", "state"} <= kept
    assert kept - set(VALUES) == set()


@pytest.mark.parametrize(
    ("action", "kept", "words"),
    [
        ("payment.received", {"amount": 15000, "methods": ["cash"]}, "recorded $150.00 in cash on R-001"),
        ("payment.received", {"amount": 1, "methods": ["card", "cash"]}, "recorded $0.01 by card and in cash on R-001"),
        ("event.moved", {"state": "closed"}, "set R-001 to clinically closed"),
        ("ledger.receive+allocate", {}, "received money and applied money on the account of R-001"),
        ("access.refused", {}, "tried to open R-001 and was refused"),
        ("list.viewed", {"rows": 15, "asked": {}}, "looked at the list of R-001: 15 rows"),
        ("list.viewed", {"rows": 1, "asked": {}}, "looked at the list of R-001: 1 row"),
        ("list.viewed", {"rows": 0, "asked": {}}, "looked at the list of R-001: 0 rows"),
        (
            "day.counted",
            {"day": "2026-11-08", "location": "Harbor Point"},
            "counted the cash of Nov 8, 2026 at Harbor Point",
        ),
        ("shelf.dusted_off", {}, "dusted off: shelf R-001"),
    ],
)
def test_sentence(action, kept, words):
    assert sentence(action, "R-001", kept, "USD") == words


def test_list_of_today_is_called_as_people_call_it():
    assert sentence("list.viewed", "today", {"rows": 3}, "USD") == "looked at today’s treatments and tasks: 3 rows"


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        ("settings_team", "tried to open the settings of team and was refused"),
        ("follow_ups_csv", "tried to open the list of follow-ups as CSV and was refused"),
        ("payment_refund PAY-012", "tried to open the page “payment refund” of PAY-012 and was refused"),
        ("", "tried to open and was refused"),
    ],
)
def test_what_was_refused_is_called_in_words(tried, words):
    assert sentence("access.refused", tried, {}, "USD") == words


def test_every_page_of_rows_has_words():
    """A name of one word stands for itself: "the list of payments"."""
    rows = {page.name for page in IN_CLINIC if page.view.shows.split(" ")[0] in {"table", "rows"}}
    assert {"follow_ups", "ageing_xlsx", "slip_csv"} <= rows
    assert {name for name in rows if "_" in name} - set(LISTS) == set()


def test_days_and_moments_are_written_as_people_write_them():
    """On the clinic's clock; whatever is neither stays as it was kept."""
    due = {"at": "2026-11-24T01:30:00+00:00"}
    with timezone.override("America/Chicago"):
        assert _changes("callback.planned", {}, due) == ["When: Nov 23, 2026, 7:30 PM"]
    assert _changes("patient.changed", {"birth_date": ""}, {"birth_date": "1968-01-14"}) == [
        "Born: nothing → Jan 14, 1968"
    ]
    assert _changes("night.woken", {}, {"day": "2026-02-30"}) == ["Day: 2026-02-30"]
    asked = {"asked": {"on_after": "2026-11-01", "q": "2026-11-01 x", "status": "paid"}}
    assert _changes("list.viewed", {}, asked) == [
        "Narrowed down to: from Nov 1, 2026, search 2026-11-01 x, status paid"
    ]


def test_records_called_by_their_day_are_called_as_people_write_it():
    """As the line has kept it, which nobody rewrites; a file is called as it is called."""
    assert sentence("day.review_started", "Harbor 2026-11-28", {}, "USD") == "began to review Harbor Nov 28, 2026"
    assert sentence("record.viewed", "scan-2026-11-28", {}, "USD") == "looked at scan-2026-11-28"


def _changes(action, before, after, *, is_money_seen=True):
    return changes(action, before, after, currency="USD", is_money_seen=is_money_seen)


def test_amounts_are_money_and_states_are_words():
    before, after = {"owes": 20000, "unapplied": 0}, {"owes": 8000, "unapplied": 0}

    assert _changes("ledger.allocate", before, after) == ["Owes: $200.00 → $80.00"]
    assert _changes("event.moved", {"state": "scheduled"}, {"state": "closed"})[0].endswith("→ clinically closed")
    assert _changes("patient.changed", {"phone": ""}, {"phone": "555"}) == ["Phone: nothing → 555"]


def test_what_the_sentence_says_is_not_said_again():
    kept = {"amount": 15000, "methods": ["cash"], "applied": 12000}

    assert _changes("payment.received", {}, kept) == ["Applied: $120.00"]


def test_what_was_and_the_sentence_says_is_not_said_to_be_nothing_now():
    kept = {"day": "2026-11-20", "location": "Harbor Point"}

    assert _changes("day.reopened", kept, {}) == []
    assert _changes("payment.link_revoked", {"link_until": "Nov 20, 2026"}, {}) == [
        "Link good until (before): Nov 20, 2026"
    ]
    closed = _changes("case.closed", {"case": "promised"}, {"outcome": "recovered"})
    assert closed[0] == "Follow-up (before): promised"
    assert all("nothing" not in one for one in closed)


@pytest.mark.parametrize("kept", [{"fee": 7500}, {"status": "paid"}, {"surprise": 7500}])
def test_reader_without_money_sees_no_amount_state_or_unknown_value(kept):
    assert _changes("event.scheduled", {}, kept, is_money_seen=False) == []


def test_reader_without_money_sees_codes_without_fees():
    listed = {"procedures": [{"code": "D0120", "fee": 6200}, "D1110 12000"]}

    assert _changes("event.scheduled", {}, listed) == ["Procedures: D0120 $62.00, D1110 $120.00"]
    assert _changes("event.scheduled", {}, listed, is_money_seen=False) == ["Procedures: D0120, D1110"]


def test_action_without_words_is_shown_to_those_who_see_money():
    assert action_of("shelf.dusted_off").sees.name == "SEE_MONEY"
