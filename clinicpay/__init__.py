"""ClinicPay: clinic payments beside the treatments that created them."""

__version__ = "0.1.0"
