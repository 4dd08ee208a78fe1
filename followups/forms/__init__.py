"""Forms of follow-ups: HTTP to clean values."""
