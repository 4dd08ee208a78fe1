"""ClinicPay: clinic payments beside the treatments that created them."""
