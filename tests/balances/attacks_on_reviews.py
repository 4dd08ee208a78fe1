"""The attack list, fifth part: reviews of closed treatments, and what is ready for the close of its day (S0.36)."""

from tests.balances.attacks import DENIED

NEW_REVIEW = """insert into close_eventreview (clinic_id, event_id, outcome, balance, note, made_at)
  values (%(clinic)s, {event}, '{outcome}', 0, '', '2020-01-01')"""

MOVE = "update treatments_treatmentevent set state = '{state}' where id = {event}"

ATTACKS = {
    "review_a_treatment_without_a_review": (MOVE.format(state="reviewed", event="%(event)s"), "close_event_reviewed"),
    "review_a_treatment_by_an_old_review": (
        MOVE.format(state="reviewed", event="%(unread_event)s"),
        "close_event_reviewed",
    ),
    "review_a_treatment_to_come": (
        NEW_REVIEW.format(event="%(coming_event)s", outcome="paid"),
        "close_eventreview_closed",
    ),
    "call_fully_paid_what_owes": (NEW_REVIEW.format(event="%(event)s", outcome="paid"), "close_eventreview_agrees"),
    "call_outstanding_what_is_paid": (
        NEW_REVIEW.format(event="%(paid_event)s", outcome="outstanding"),
        "close_eventreview_agrees",
    ),
    "review_as_something_else": (NEW_REVIEW.format(event="%(event)s", outcome="fine"), "close_eventreview_agrees"),
    "confirm_without_evidence": (MOVE.format(state="ready", event="%(paid_event)s"), "close_event_evidence"),
    "confirm_what_was_taken_back": (MOVE.format(state="ready", event="%(false_event)s"), "close_event_agrees"),
    "close_the_day_over_what_was_taken_back": (
        MOVE.format(state="day_closed", event="%(taken_event)s"),
        "close_event_agrees",
    ),
    "rewrite_a_review": ("update close_eventreview set outcome = 'paid'", DENIED),
    "forget_a_review": ("delete from close_eventreview", DENIED),
}
