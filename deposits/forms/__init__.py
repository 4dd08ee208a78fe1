"""Forms of bank slips: HTTP to clean values."""
