"""Pages of the ledger itself and of its automatic runs."""
