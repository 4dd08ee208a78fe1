"""Addresses of Today, and of the review of treatments."""

from django.urls import path

from clinicpay.today import views

urlpatterns = [
    path("today/", views.today, name="today"),
    path("treatments/<te:number>/review/", views.event_review, name="event_review"),
    path("treatments/<te:number>/confirm/", views.event_confirm, name="event_confirm"),
]
