"""An act that the rules refuse."""


class Refusal(Exception):
    """Nothing was changed; the message tells the user why, in their words."""


class Conflict(Exception):
    """The request contradicts an earlier one; answered with 409, and no form shows it again."""
