"""An act that the rules refuse."""


class Refusal(Exception):
    """Nothing was changed; the message tells the user why, in their words."""
