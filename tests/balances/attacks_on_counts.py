"""The attack list, fifth part: what was counted at the end of a day."""

from tests.balances.attacks import DENIED

NEW_COUNT = """insert into close_cashcount (clinic_id, close_id, opening, opening_reason, counted, kept, transaction_id)
  values (%(clinic)s, %({close})s, {opening}, '', {counted}, {kept}, 0)"""

NEW_LINE = """insert into close_cashcountline (clinic_id, count_id, method, denomination, pieces, amount)
  values (%(clinic)s, %(count)s, {line})"""

WITH_LINE = """with c as ({count} returning id)
  insert into close_cashcountline (clinic_id, count_id, method, denomination, pieces, amount)
  select %(clinic)s, c.id, {line} from c"""


def a_count(close: str = "again", opening: int = 0, counted: int = 100, kept: int = 0) -> str:
    """A count of a version, in minor units."""
    return NEW_COUNT.format(close=close, opening=opening, counted=counted, kept=kept)


ATTACKS = {
    "count_a_closed_day": (a_count("first_close"), "close_cashcount_open"),
    "count_less_than_nothing": (a_count(counted=-1, kept=-1), "close_cashcount_amounts"),
    "keep_more_than_was_counted": (a_count(kept=101), "close_cashcount_amounts"),
    "add_a_note_to_an_old_count": (NEW_LINE.format(line="'cash', 500, 1, 500"), "close_cashcountline_complete"),
    "count_other_than_the_pieces": (
        WITH_LINE.format(count=a_count(), line="'cash', 100, 2, 200"),
        "close_cashcount_agrees",
    ),
    "count_pieces_of_nothing": (
        WITH_LINE.format(count=a_count(), line="'cash', 0, 1, 100"),
        "close_cashcountline_shape",
    ),
    "count_a_note_for_more": (
        WITH_LINE.format(count=a_count(), line="'cash', 50, 1, 100"),
        "close_cashcountline_shape",
    ),
    "change_a_count": ("update close_cashcount set counted = 0", DENIED),
    "change_who_counted": ("update close_cashcount set made_by_id = 1", DENIED),
    "forget_a_count": ("delete from close_cashcount", DENIED),
    "change_a_note": ("update close_cashcountline set pieces = 1", DENIED),
    "forget_a_note": ("delete from close_cashcountline", DENIED),
}
