"""The attack list, fourth part: bank slips, and what is on a printed one (C-7)."""

from tests.balances.attacks import DENIED

NEW_SLIP = """insert into deposits_bankslip (clinic_id, location_id, first, last, state, version, number, day, cash,
  cheques, cash_out, cash_out_reason, void_reason, made_at)
  values (%(clinic)s, %(location)s, %(today)s, %(today)s, '{state}', 1, null, null, 0, 0, 0, '', '', now())"""

NEW_LINE = """insert into deposits_bankslipline (clinic_id, slip_id, payment_id, refund_id, method, amount, day, live)
  values (%(clinic)s, %(draft_slip)s, %(banked)s, {refund}, 'cash', {amount}, %(today)s, true)"""

PRINT = "update deposits_bankslip set state = 'printed', number = 99, day = %(today)s{more} where id = %({slip})s"

ATTACKS = {
    "case_c_7_reverse_a_payment_on_a_slip": (
        "update payments_payment set status = 'voided' where id = %(kept)s",
        "deposits_payment_on_slip",
    ),
    "reverse_a_cash_refund_on_a_slip": (
        "update payments_refund set reversed_at = now() where id = %(banked_refund)s",
        "deposits_refund_on_slip",
    ),
    "bank_a_payment_twice": (NEW_LINE.format(refund="null", amount=4000), "deposits_bankslipline_payment"),
    "bank_a_refund_twice": (NEW_LINE.format(refund="%(banked_refund)s", amount=-500), "deposits_bankslipline_refund"),
    "bank_more_than_was_paid": (NEW_LINE.format(refund="null", amount=4001), "deposits_bankslipline_agrees"),
    "bank_money_of_another_place": (
        NEW_LINE.format(refund="null", amount=4000).replace("%(draft_slip)s", "%(empty_slip)s"),
        "deposits_bankslipline_agrees",
    ),
    "add_to_a_printed_slip": (
        NEW_LINE.format(refund="null", amount=4000).replace("%(draft_slip)s", "%(slip)s"),
        "deposits_bankslip_frozen",
    ),
    "take_from_a_printed_slip": (
        "delete from deposits_bankslipline where slip_id = %(slip)s",
        "deposits_bankslip_frozen",
    ),
    "free_what_is_on_a_printed_slip": (
        "update deposits_bankslipline set live = false where slip_id = %(slip)s",
        "deposits_bankslip_frozen",
    ),
    "change_a_printed_slip": (
        "update deposits_bankslip set cash_out = 0 where id = %(slip)s",
        "deposits_bankslip_frozen",
    ),
    "total_a_slip_otherwise": ("update deposits_bankslip set cash = 1", DENIED),
    "change_the_paper_of_a_slip": ("update deposits_slippaper set content = ''", DENIED),
    "delete_the_paper_of_a_slip": ("delete from deposits_slippaper", DENIED),
    "delete_a_slip": ("delete from deposits_bankslip", DENIED),
    "change_what_a_line_says": ("update deposits_bankslipline set amount = 1", DENIED),
    "make_a_printed_slip_a_draft_again": (
        "update deposits_bankslip set state = 'draft', number = null, day = null where id = %(slip)s",
        "deposits_bankslip_moves",
    ),
    "begin_a_slip_as_printed": (NEW_SLIP.format(state="printed"), "deposits_bankslip_moves"),
    "begin_a_second_draft": (NEW_SLIP.format(state="draft"), "deposits_bankslip_one_draft"),
    "void_a_slip_without_a_reason": (
        "update deposits_bankslip set state = 'voided' where id = %(slip)s",
        "deposits_bankslip_why",
    ),
    "print_a_slip_of_a_reversed_payment": (PRINT.format(slip="draft_slip", more=""), "deposits_bankslip_fit"),
    "print_an_empty_slip": (PRINT.format(slip="empty_slip", more=""), "deposits_bankslip_total"),
    "print_a_slip_without_a_number": (
        "update deposits_bankslip set state = 'printed' where id = %(empty_slip)s",
        "deposits_bankslip_numbered",
    ),
    "take_out_cash_that_is_not_there": (
        PRINT.format(slip="empty_slip", more=", cash_out = 1, cash_out_reason = 'x'"),
        "deposits_bankslip_total",
    ),
    "take_out_cash_for_nothing": (
        "update deposits_bankslip set cash_out = 1 where id = %(draft_slip)s",
        "deposits_bankslip_cash_out",
    ),
    "list_from_the_end_to_the_beginning": (
        "update deposits_bankslip set first = last + 1 where id = %(draft_slip)s",
        "deposits_bankslip_span",
    ),
}
