"""What the forms of exports and account codes send."""

from typing import Any

from clinicpay.exports.codes import Key
from clinicpay.exports.days import chosen_days, closed_days, seal_of
from clinicpay.exports.forms import field_name
from tests.world_rows import LONG_AGO
from tests.worlds import World


def _closed_days(_world: World) -> dict[str, Any]:
    """The journal of the world's closed days, which left before."""
    closes = list(closed_days(LONG_AGO, LONG_AGO, None))
    ticked = {"what": "journal", "day": [one.ref for one in closes], "kind": "csv", "again": "on"}
    return ticked | {"seal": seal_of("journal", chosen_days("journal", closes))}


def _codes(_world: World) -> dict[str, Any]:
    return {field_name("code", Key("revenue")): "4010", field_name("name", Key("revenue")): "Fees"}


OF_EXPORTS = {"export_new": ("adam", _closed_days), "settings_codes": ("olga", _codes)}
