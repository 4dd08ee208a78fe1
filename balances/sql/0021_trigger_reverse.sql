create trigger oldest_open after update on balances_charge
  referencing old table as old_rows new table as new_rows for each statement execute function ledger_oldest_open();
