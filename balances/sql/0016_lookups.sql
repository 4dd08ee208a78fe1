-- A bulk load may switch nested loops off for its own joins: looked up by hash, each account would read all invoices.
alter function ledger_oldest_open() set enable_nestloop = on;
