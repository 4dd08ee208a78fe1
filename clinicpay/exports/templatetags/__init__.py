"""Tags of the pages of exports."""
