"""Reports of follow-ups: their periods and days, and how they are drawn."""
