"""How one price is split over several treatments: pure, so that the preview is what will be billed."""

from clinicpay.clinics.refusals import Refusal

MOST = 60
"""Treatments that one price may be split over."""


def equal_parts(total: int, count: int) -> list[int]:
    """`count` parts of `total` minor units that sum to it exactly; the last takes the remainder.

    Raises Refusal when there is less than one minor unit for each.
    """
    if not 1 <= count <= MOST:
        raise Refusal(f"Enter from 1 to {MOST} visits.")
    each = total // count
    if each < 1:
        raise Refusal(f"That is too little to split over {count} visits.")
    return [each] * (count - 1) + [total - each * (count - 1)]
