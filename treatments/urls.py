"""Addresses of the price list. Pages of treatments show money and stand in payments."""

from django.urls import path

from treatments import views

urlpatterns = [path("prices/", views.prices, name="settings_prices")]
