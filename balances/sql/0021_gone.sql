drop function ledger_oldest_open();
