drop function ledger_apply();
drop function ledger_open_date(bigint, date);
drop function ledger_close_day();
drop function ledger_stamp_posting();
drop function ledger_day_lock(bigint, bigint, date);
drop function ledger_zero_account();
drop function ledger_zero_credit();
drop function ledger_zero_charge();
