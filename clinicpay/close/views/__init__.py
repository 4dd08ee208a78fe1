"""Pages of the daily close."""
