"""What other apps’ pages show of deposits."""
