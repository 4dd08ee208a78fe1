"""Pages of deposits and of what goes to the bank."""
