"""The attack list, sixth part: exports of closed days never change, and account codes."""

from tests.balances.attacks import DENIED

NEW_EXPORT = """insert into exports_export (clinic_id, number, what, kind, starts, ends, rows, debit, credit, whole,
  again, codes, size, sha256, transaction_id)
  values (%(clinic)s, 900, 'journal', 'csv', %(today)s, {ends}, 1, 5, {credit}, false,
  false, '[]', {size}, '{hash}', 0)"""

NEW_CODE = """insert into exports_accountcode (clinic_id, location_id, ledger_account, method, discipline, code, name)
  values (%(clinic)s, null, '{account}', '{method}', '{discipline}', '1', '')"""

FAKE = NEW_EXPORT.format(ends="%(today)s", credit=5, size=1, hash="0" * 64)

ATTACKS = {
    "add_to_an_exports_file": (
        "insert into exports_exportpart (clinic_id, export_id, position, data)"
        " values (%(clinic)s, %(export)s, 99, 'x')",
        "exports_export_complete",
    ),
    "add_a_day_to_an_export": (
        "insert into exports_exportday (clinic_id, export_id, close_id)"
        " values (%(clinic)s, %(export)s, %(open_close)s)",
        "exports_export_complete",
    ),
    "export_an_open_day": (
        f"with new as ({FAKE} returning id) insert into exports_exportday (clinic_id, export_id, close_id)"
        " select %(clinic)s, id, %(open_close)s from new",
        "exports_exportday_closed",
    ),
    "export_without_content": (FAKE, "exports_export_content"),
    "export_more_debit_than_credit": (
        NEW_EXPORT.format(ends="%(today)s", credit=6, size=1, hash=""),
        "exports_export_balanced",
    ),
    "export_from_the_end_to_the_beginning": (
        NEW_EXPORT.format(ends="%(closed)s", credit=5, size=1, hash=""),
        "exports_export_span",
    ),
    "change_an_export": ("update exports_export set sha256 = ''", DENIED),
    "change_an_exports_file": ("update exports_exportpart set data = 'x'", DENIED),
    "change_an_exports_days": ("update exports_exportday set close_id = 1", DENIED),
    "delete_an_export": ("delete from exports_export", DENIED),
    "delete_an_account_code": ("delete from exports_accountcode", DENIED),
    "move_an_account_code": ("update exports_accountcode set ledger_account = 'tender'", DENIED),
    "code_an_account_twice": (
        NEW_CODE.format(account="revenue", method="", discipline=""),
        "exports_accountcode_once",
    ),
    "code_money_of_no_tender": (
        NEW_CODE.format(account="tender", method="", discipline=""),
        "exports_accountcode_method",
    ),
    "code_a_discipline_of_cash": (
        NEW_CODE.format(account="tender", method="cash", discipline="x"),
        "exports_accountcode_discipline",
    ),
}
