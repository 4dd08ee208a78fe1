"""A statement as paper: words and amounts out of its content, and the PDF of them."""

from datetime import date, timedelta
from typing import Any
from xml.sax.saxutils import escape

from django.utils.safestring import SafeString, mark_safe

from clinicpay import money
from clinicpay.ui.pdf import render_pdf
from clinicpay.ui.words import day_words
from followups.models import Statement
from payments.gateways import token_of

TEMPLATE, SHEETS = "followups/documents/statement.html", ("paper.css", "statement.css")


def statement_pdf(statement: Statement) -> bytes:
    """The PDF of what a statement's content says; tagged, on the clinic's paper."""
    content = statement.content
    return render_pdf(TEMPLATE, {"paper": paper_of(content, statement)}, paper=content["paper"], sheets=SHEETS)


def paper_of(content: dict[str, Any], statement: Statement | None = None) -> dict[str, Any]:
    """What templates/followups/statement_body.html draws; before there is a statement it has no number and no link."""

    def show(minor: int) -> str:
        return money.show(minor, content["currency"])

    pay, url = content["pay"], _url(statement)
    return {
        **{name: content[name] for name in ("sender", "account", "all_open", "pay")},
        "ref": statement.ref if statement else "",
        "on": _day(content["on"]),
        "period": _period(content),
        "due": show(content["due"]),
        "due_minor": content["due"],
        "overdue": show(content["overdue"]) if content["overdue"] else "",
        "opening": show(content["opening"]) if content["first"] else "",
        "opening_on": _before(content["first"]),
        "lines": [
            (_day(on), ref, text, show(amount) if amount else "", show(balance))
            for on, ref, text, amount, balance in content["lines"]
        ],
        "closing": show(content["closing"]),
        "closing_on": _day(content["last"] or content["on"]),
        "ages": [(key, show(minor)) for key, minor in content["ages"]],
        "apart": _apart(content, show),
        "instalments": [(_day(on), plan, nth, show(minor)) for on, plan, nth, minor in content["instalments"]],
        "pay_until": _day(pay["until"]) if pay and url else "",
        "url": url,
        "qr": _code(url) if url else "",
    }


def _day(iso: str) -> str:
    return day_words(date.fromisoformat(iso))


def _before(first: str | None) -> str:
    return day_words(date.fromisoformat(first) - timedelta(days=1)) if first and first > "0001-01-01" else ""


def _period(content: dict[str, Any]) -> str:
    if content["all_open"]:
        return "All open invoices"
    begin, end = content["first"], content["last"] or content["on"]
    return f"{_day(begin)} to {_day(end)}" if begin else f"Up to {_day(end)}"


def _apart(content: dict[str, Any], show: Any) -> list[tuple[str, str]]:
    """What is never netted against what is due (B3, B4)."""
    parts = (
        ("On a payment plan, not billed yet", content["planned"]),
        ("In hand, not yet applied", content["in_hand"]),
        ("Held as pre-payments for treatment to come", content["held"]),
    )
    return [(text, show(minor)) for text, minor in parts if minor]


def _url(statement: Statement | None) -> str:
    """Where it can be paid. The token is derived each time: nothing that is kept holds it."""
    if statement is None or statement.link is None:
        return ""
    return f"{statement.content['pay']['site']}/pay/{token_of(statement.link.nonce)}/"


def _code(url: str) -> SafeString:
    """The address as a drawing; a screen reader hears what it is."""
    import qrcode  # noqa: PLC0415 - only who draws one needs it
    from qrcode.image.svg import SvgPathImage  # noqa: PLC0415 - the same

    drawn = qrcode.make(url, image_factory=SvgPathImage, border=2).to_string(encoding="unicode")
    begin = drawn.index(">") + 1
    title = f"<title>{escape('Code to pay at ' + url)}</title>"
    return mark_safe(drawn[:begin] + title + drawn[begin:])  # noqa: S308 - drawn from our own address
