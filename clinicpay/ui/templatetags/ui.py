"""Tags of the pages: icons, amounts, moments, states. Load with {% load ui %}."""

import json
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.core.signals import setting_changed
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from clinicpay import money as amounts
from clinicpay.ui import words
from clinicpay.ui.links import with_query

register = template.Library()

GLYPHS = {"full": "●", "part": "◐", "held": "◆", "": "○"}
READ_ALOUD = {"full": "fully allocated", "part": "partly allocated", "held": "held as pre-payment"}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """{% icon 'cash' %}: a drawing beside words; with a label it stands for the words."""
    return _drawing(name, str(label), _sprite())


@lru_cache
def _sprite() -> str:
    """Kept, because a page draws twenty icons and the storage takes the address apart each time."""
    return static("vendor/icons/sprite.svg")


setting_changed.connect(lambda **_: _sprite.cache_clear(), weak=False, dispatch_uid="ui.sprite")


@lru_cache(maxsize=512)
def _drawing(name: str, label: str, sprite: str) -> SafeString:
    if label:
        return format_html('<svg class="i" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, sprite, name)
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', sprite, name)


def _currency(context: RequestContext) -> str:
    clinic = context.get("clinic")
    currency = getattr(clinic, "currency", "")
    if not currency:
        raise template.TemplateSyntaxError("{% money %} needs a clinic in the context, or a currency")
    return str(currency)


@register.simple_tag(takes_context=True)
def money(context: RequestContext, minor: int | None, currency: str = "") -> str:
    """{% money amount %}: minor units in the clinic's currency; nothing for None."""
    return "" if minor is None else amounts.show(minor, currency or _currency(context))


@register.simple_tag(takes_context=True)
def amount_plain(context: RequestContext, minor: int | None, currency: str = "") -> str:
    """{% amount_plain amount %}: "1234.50", for the value of an input."""
    return "" if minor is None else amounts.plain(minor, currency or _currency(context))


@register.simple_tag(takes_context=True)
def money_attrs(context: RequestContext) -> SafeString:
    """The data-digits and data-symbol that money.js needs on a sheet or an input."""
    currency = _currency(context)
    return format_html('data-digits="{}" data-symbol="{}"', amounts.digits(currency), amounts.symbol(currency))


@register.simple_tag(takes_context=True)
def allocated(context: RequestContext, minor: int, state: str = "", left: int | None = None) -> SafeString:
    """{% allocated amount 'part' left %}: an amount in the colours of allocation.

    `state` is full, part, held or "" (nothing allocated); a glyph and hidden words say the same.
    """
    return _allocated(minor, state, left, _currency(context))


@lru_cache(maxsize=4096)
def _allocated(minor: int, state: str, left: int | None, currency: str) -> SafeString:
    """Kept, because fees repeat: a list draws the same few hundred amounts all day."""
    said = READ_ALOUD.get(state, "not allocated")
    if left and state in {"part", "held"}:
        said += f", {amounts.show(left, currency)} left"
    return format_html(
        '<span class="alloc" data-alloc="{}" title="{}">{}<span class="glyph" aria-hidden="true">{}</span>'
        '<span class="visually-hidden"> {}</span></span>',
        state,
        said,
        amounts.show(minor, currency),
        GLYPHS.get(state, GLYPHS[""]),
        said,
    )


def _zone(context: RequestContext) -> ZoneInfo | None:
    name = getattr(context.get("clinic"), "timezone", None)
    return ZoneInfo(str(name)) if name else None


@register.simple_tag(takes_context=True)
def printed_at(context: RequestContext) -> str:
    """{% printed_at %}: this moment in the clinic's time zone, for the head of a printed page."""
    now = timezone.localtime(timezone.now(), _zone(context))
    return f"{words.day_words(now)}, {words.clock_words(now)}"


@register.simple_tag(takes_context=True)
def when(context: RequestContext, value: date | datetime | None) -> SafeString:
    """{% when moment %}: "today 3:40 PM", the whole of it on hover, in the clinic's time zone."""
    if not value:
        return mark_safe('<span class="text-secondary">–</span>')
    moment = words.moment_words(value, _zone(context))
    html = f'<time datetime="{moment.iso}" title="{moment.full}">{moment.text}</time>'
    return mark_safe(html)  # noqa: S308 - digits and names of months; format_html doubles the time of a row


@register.simple_tag
def pill(state: Any, label: str = "", tone: str = "") -> SafeString:
    """{% pill payment.status payment.get_status_display %}: a state in its words and colour."""
    value = str(getattr(state, "value", state))
    text = label or getattr(state, "label", "") or words.label(value)
    return _pill(tone or words.tone(value), str(text))


@lru_cache(maxsize=512)
def _pill(tone: str, text: str) -> SafeString:
    return format_html('<span class="pill pill-{}">{}</span>', tone, text)


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: Any) -> str:
    """{% query tab='history' page=None %}: this address with a few things changed."""
    return with_query(context["request"].GET, **changes)


@register.filter
def initials(name: str) -> str:
    """ "Rita Moreno" is "RM"."""
    parts = str(name).split()
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


@register.filter
def toast_link(extra_tags: str | None) -> dict[str, str] | None:
    """The link that `answers.notify` packed into a message."""
    return json.loads(extra_tags) if extra_tags and extra_tags.startswith("{") else None


@register.filter
def describes(field: Any) -> str:
    """The ids of help and errors of a field, for aria-describedby."""
    ids = [f"{field.auto_id}_helptext"] if field.help_text else []
    return " ".join([*ids, *([f"{field.auto_id}_error"] if field.errors else [])])


@register.filter
def device(agent: str) -> str:
    """The browser and the system of a user agent, in words."""
    return words.device_words(agent)
