"""The page that each role begins its day with, and the Finance section."""

from clinicpay.home.billing import billing_work
from clinicpay.home.finance import finance, way_back
from clinicpay.home.overview import overview_ages
from clinicpay.home.start import start

__all__ = ["billing_work", "finance", "overview_ages", "start", "way_back"]
