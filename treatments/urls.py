"""Addresses of the clinical side and of the price list. Pages of treatments that show money stand in payments."""

from django.urls import path

from treatments import views

urlpatterns = [
    path("treatments/<te:number>/start/", views.treatment_start, name="treatment_start"),
    path("treatments/<te:number>/own-fields/", views.treatment_own_fields, name="treatment_own_fields"),
    path("treatments/<te:number>/record/", views.clinical_record, name="clinical_record"),
    path("treatments/<te:number>/procedures/", views.procedures_add, name="procedures_add"),
    path("settings/prices/", views.prices, name="settings_prices"),
    path("settings/prices/<int:price>/", views.price_edit, name="settings_price"),
    path("settings/prices/<int:price>/active/", views.price_active, name="settings_price_active"),
]
