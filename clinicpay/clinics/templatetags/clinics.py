"""Addresses in templates. Load with {% load clinics %}."""

from typing import Any

from django import template
from django.template.context import RequestContext

from clinicpay.clinics.addresses import address

register = template.Library()


@register.simple_tag(takes_context=True)
def at(context: RequestContext, view: str, **arguments: Any) -> str:
    """{% at 'patient' number=patient.number %}: the address of a view of this page's clinic."""
    return address(context["clinic"], view, **arguments)
