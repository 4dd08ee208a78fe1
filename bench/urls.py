"""The application's addresses and, beside them, the plain forms that it is measured against."""

from django.urls import path

from bench import naive
from clinicpay import urls

urlpatterns = [
    *urls.urlpatterns,
    path("bench/bare/", naive.bare),
    path("c/<slug:slug>/bench/payments/", naive.payment_list),
    path("c/<slug:slug>/bench/day/events/", naive.day_events),
    path("c/<slug:slug>/bench/day/payments/", naive.day_payments),
    path("c/<slug:slug>/bench/pay/<int:charge>/", naive.pay),
    path("c/<slug:slug>/bench/pay-in-full/<int:charge>/", naive.pay_in_full),
]
