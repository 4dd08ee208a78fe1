"""Addresses of what needs attention."""

from django.urls import path

from clinicpay.attention import views

urlpatterns = [
    path("attention/", views.attention, name="attention"),
    path("treatments/<te:number>/flag/", views.event_flag, name="event_flag"),
]
