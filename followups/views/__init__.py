"""Pages of followed debt."""
