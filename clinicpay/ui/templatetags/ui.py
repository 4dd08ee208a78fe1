"""Tags of the pages: icons, amounts, moments, states. Load with {% load ui %}."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.core.signals import setting_changed
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clinicpay import money as amounts
from clinicpay.ui import cells, words
from clinicpay.ui.each import each
from clinicpay.ui.filters import ListFilter
from clinicpay.ui.forms import coded
from clinicpay.ui.links import with_query
from clinicpay.ui.nav import NavItem
from clinicpay.ui.paging import PageLink
from clinicpay.ui.tables import Header, ListTable

register = template.Library()
register.tag("each", each)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """{% icon 'cash' %}: a drawing beside words; with a label it stands for the words."""
    return _drawing(name, str(label), asset("vendor/icons/sprite.svg"))


@register.simple_tag
@lru_cache
def asset(path: str) -> str:
    """{% asset 'app.css' %}: like `static`, but kept: the storage takes the address apart each time."""
    return static(path)


@register.simple_tag
def menu(items: Iterable[NavItem]) -> SafeString:
    """{% menu nav %}: the entries of the top bar."""
    return _menu(tuple(items))


@lru_cache(maxsize=512)
def _menu(items: tuple[NavItem, ...]) -> SafeString:
    """Kept, because everybody in a role sees the same entries all day."""
    return render_to_string("ui/menu.html", {"nav": items})


@register.simple_tag(takes_context=True)
def account_menu(context: RequestContext) -> SafeString:
    """{% account_menu %}: who is signed in and where, from the context of the page."""
    member, clinic = context["member"], context.get("clinic")
    name = str(member.user.name)
    letters = str(getattr(member.user, "initials", "")) or initials(name)
    who = (name, letters, str(member.role_label), str(getattr(clinic, "name", "")))
    return _account_menu(who, tuple(context.get("clinics") or ()), bool(context.get("density")))


@lru_cache(maxsize=512)
def _account_menu(who: tuple[str, str, str, str], clinics: tuple[tuple[str, str], ...], is_roomy: bool) -> SafeString:
    """Kept, because it is the same on all pages of a person."""
    shown = dict(zip(("name", "initials", "role", "clinic"), who, strict=True))
    return render_to_string("ui/account_menu.html", shown | {"clinics": clinics, "is_roomy": is_roomy})


@register.simple_tag
def filter_fields(chosen: ListFilter, placeholder: str = "") -> SafeString:
    """{% filter_fields filter placeholder %}: the fields of the bar over a list."""
    if chosen.asks or chosen.varies is None:
        return render_to_string("ui/filter_fields.html", {"filter": chosen, "placeholder": placeholder})
    kind: Any = type(chosen)  # a class is hashable, whatever mypy reads in its metaclass
    return _filter_fields(kind, chosen.varies, placeholder)


@lru_cache(maxsize=512)
def _filter_fields(kind: type[ListFilter], varies: tuple[tuple[str, str], ...], placeholder: str) -> SafeString:
    """Kept, because a list begins without filters, with the same choices all day."""
    return render_to_string("ui/filter_fields.html", {"filter": kind.blank(varies), "placeholder": placeholder})


@register.simple_tag
def list_head(table: ListTable) -> SafeString:
    """{% list_head table %}: the headers of a list, with the order and the way to the others."""
    return _list_head(tuple(table.headers), table.results_id)


@lru_cache(maxsize=1024)
def _list_head(headers: tuple[Header, ...], results_id: str) -> SafeString:
    """Kept, because most look at a list in its usual order."""
    return render_to_string("ui/list_head.html", {"headers": headers, "results_id": results_id})


@register.simple_tag
def list_foot(table: ListTable) -> SafeString:
    """{% list_foot table %}: where we are in a list, and the other pages."""
    page = table.shown
    words = (page.start, page.end, table.paginator.count_label, table.noun, table.results_id)
    return _list_foot(words, tuple(table.sizes), tuple(page.links))


@lru_cache(maxsize=1024)
def _list_foot(words: tuple[Any, ...], sizes: tuple[PageLink, ...], links: tuple[PageLink, ...]) -> SafeString:
    """Kept, because most look at the first page."""
    shown = dict(zip(("start", "end", "count", "noun", "results_id"), words, strict=True))
    return render_to_string("ui/list_foot.html", shown | {"sizes": sizes, "links": links})


def _forget(**_changed: Any) -> None:
    for kept in (asset, _menu, _account_menu, _filter_fields, _list_head, _list_foot):
        kept.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ui.kept")


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
    sign, digits = amounts.symbol(_currency(context)), amounts.digits(_currency(context))
    return format_html('data-digits="{}" data-symbol="{}"{}', digits, sign, coded(sign))


@register.simple_tag(takes_context=True)
def allocated(context: RequestContext, minor: int, state: str = "", left: int | None = None) -> SafeString:
    """{% allocated amount 'part' left %}: an amount in the colours of allocation.

    `state` is full, part, held, reversed or "" (nothing allocated); a glyph and hidden words say the same.
    """
    return cells.allocated(minor, state, left, _currency(context))


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
    return cells.moment(value, _zone(context))


@register.simple_tag(takes_context=True)
def day_of(context: RequestContext, moment: datetime | None) -> str:
    """{% day_of moment %}: the clinic's day of a moment, for paper, which is read when "today" is long ago."""
    return words.day_words(timezone.localtime(moment, _zone(context))) if moment else ""


@register.simple_tag(takes_context=True)
def moment_of(context: RequestContext, moment: datetime | None) -> str:
    """{% moment_of moment %}: the clinic's day and time of a moment, for paper."""
    if not moment:
        return ""
    local = timezone.localtime(moment, _zone(context))
    return f"{words.day_words(local)}, {words.clock_words(local)}"


@register.simple_tag(takes_context=True)
def due(context: RequestContext, day: date | None, is_overdue: bool = False) -> SafeString:
    """{% due payment.due_date overdue %}: a due date; one that has passed unpaid in red, with the word."""
    shown = when(context, day)
    return format_html('<span class="text-danger nowrap">{} overdue</span>', shown) if is_overdue else shown


@register.simple_tag
def pill(state: Any, label: str = "", tone: str = "") -> SafeString:
    """{% pill payment.status payment.get_status_display %}: a state in its words and colour."""
    return cells.pill(state, label, tone)


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
def device(agent: str) -> str:
    """The browser and the system of a user agent, in words."""
    return words.device_words(agent)
