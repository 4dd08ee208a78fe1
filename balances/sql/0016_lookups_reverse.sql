alter function ledger_oldest_open() reset enable_nestloop;
