"""Acts on deposits."""

from deposits.services.bulk import LISTED, Shown, apply_all, ask_again, go_on, stop, unfinished
from deposits.services.row import apply_row

__all__ = ["LISTED", "Shown", "apply_all", "apply_row", "ask_again", "go_on", "stop", "unfinished"]
