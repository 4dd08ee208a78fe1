"""Every page of the resolver in Chromium, light at a desk and dark on a phone.

Nothing breaks a rule of accessibility or of the content policy, complains in the console, or is too wide.
"""

from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.eligibility.services import Answer, Said, keep_check
from clinicpay.staff.saved_views import save_view
from clinicpay.ui.uploads import Checked
from followups.schedule import Terms
from followups.services import start_plan
from followups.states import Frequency
from payments.models import Message, PaymentLink
from payments.services import Mail, PaymentRequest, add_note, attach_document, create_payment, send_mail_of
from payments.services.links import path_of as path_of_link
from payments.states import PaymentStatus
from tests.access.samples import ALL, IN_CLINIC, path_of, right, who_of
from tests.browsing import opened, window
from tests.factories import a_charge, a_patient, a_receipt, an_invoice, make_clinic
from tests.worlds import session_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

AXE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text()
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
LOOK = """async (dark) => {
  document.documentElement.setAttribute('data-bs-theme', dark ? 'dark' : 'light');
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  const wide = () => [...document.body.querySelectorAll('*')]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(one).position !== 'fixed')
    .slice(0, 3).map((one) => one.tagName + '.' + one.className);
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  const found = violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target).join(' ')}`);
  if (document.documentElement.scrollWidth > innerWidth) found.push(`wider than the screen: ${wide()}`);
  for (const box of document.querySelectorAll('.table-responsive')) {
    if (innerWidth < 400 && box.scrollWidth > box.clientWidth + 1) found.push('a table scrolls sideways');
  }
  return found;
}"""

NOT_PAGES = {"healthz", "readyz", "invitation", "account_logout", "account_reset_password_from_key"}
"""Plain text, or pages that need a link of their own; `invitation` says that its link is over."""

NAMED = ("account_", "mfa_", "usersessions_")


def _steps(world) -> dict[str, list[str]]:
    """The pages by who opens them: of each clinic page the least allowed role but one, and a practitioner's own."""
    walks: dict[str, list[str]] = {"olga": ["/"], "petra": []}
    for one in IN_CLINIC:
        path, may = path_of(one, world), who_of(right(one.view, "get"))
        if one.name == "deposit_parties" or path.endswith((".pdf", ".zip", ".json", ".csv", ".xlsx", ".ics", "/file/")):
            continue
        who = "olga" if "olga" in may else "petra"
        walks[who].append(path)
        if who == "olga" and "petra" in may and one.name in {"today", "patient", "treatment", "patients", "find"}:
            walks["petra"].append(path)
    more = [one for one in ALL if not one.in_clinic and one.name.startswith(NAMED) and one.name not in NOT_PAGES]
    walks["olga"] += [path_of(one, world) for one in more if "<" not in one.route]
    base = f"/c/{world.slug}"
    walks["olga"] += [
        f"{base}/find/?q={world.canary[:3]}",
        f"{base}/payments/?status=paid",
        f"{base}/patients/?q=nobody",
        f"{base}/treatments/new/?patient={world.patient.ref}",
        f"{base}/payments/new/?patient={world.patient.ref}&kind=office_visit",
        f"{base}/payments/new/?treatment={world.planned.ref}&kind=pre_payment",
        f"{base}/followups/{world.account.ref}/plan/?invoices={world.invoice.ref}&instalment=0.77&frequency=weekly"
        f"&starts_on={clock.today(world.home.clinic)}",
        f"{base}/patients/PT-999/",
    ]
    walks["petra"].append(f"{base}/payments/")  # where she is told who may
    return walks


def _of_strangers(world) -> list[str]:
    """What opens without a sign-in, also for who was sent a payment link."""
    with clinic_scope(world.home.clinic):
        link = path_of_link(PaymentLink.objects.get(payment=world.linked))
    return ["/accounts/login/", "/accounts/password/reset/", link, "/pay/nothing/", "/pay/thanks/", "/pay/later/"]


@pytest.mark.parametrize("who", ["olga", "petra", "nobody"])
def test_every_page_is_sound_in_both_themes_and_widths(chromium, live_server, worlds, who):
    north, _ = worlds
    paths = _of_strangers(north) if who == "nobody" else _steps(north)[who]

    assert _walk(chromium, live_server, north.sessions.get(who, ""), paths) == {}


def test_longest_names_break_no_page(chromium, live_server):
    """As long as the fields allow, and without a space to break at."""
    home = make_clinic(f"long-{uuid4().hex[:8]}", "Clinic" * 20)
    with clinic_scope(home.clinic):
        patient = a_patient(home, "F" * 80, "L" * 80)
        event = an_invoice(home, patient, 10000, title="T" * 255, service_at=timezone.now()).event
        receipt = a_receipt(home, patient.account, 999_999_99, patient=patient, memo="M" * 240)
        for subject in (receipt.payments.get(), event):
            attach_document(subject, Checked("D" * 116 + ".txt", "text/plain", b"D"), by=home.rita)
            add_note(subject, "N" * 2000, by=home.rita)
        to = f"{'e' * 64}@{'e' * 60}.{'e' * 60}.example"
        send_mail_of(receipt, Mail(Message.Kind.RECEIPT, to, "S" * 200, ""), by=home.rita)
        asked = PaymentRequest(patient, 999_999_99, home.location, event, memo="M" * 240, due_date=date(2026, 1, 1))
        create_payment(asked, by=home.itself, status=PaymentStatus.PENDING)
        insured = Answer(date(2026, 1, 1), "I" * 160, active=True, plan="N" * 160, benefits=[Said("any", copay=10**11)])
        keep_check(patient, insured, by=home.olga)
        terms = Terms(1, Frequency.WEEKLY, clock.today(home.clinic) - timedelta(days=30))
        start_plan(patient.account, [a_charge(home, patient, 9)], terms, by=home.olga)
        save_view(home.olga, page="payments", name="V" * 60, query="status=paid")
        home.practitioner.name = "P" * 120
        home.practitioner.save(update_fields=["name"])
    pages = ["today", "patients", f"patients/{patient.ref}", "treatments", f"treatments/{event.ref}", "find/?q=l"]
    pages += ["payments", "payments/PAY-001", f"patients/{patient.ref}/pay", "receipts/R-001", "settings/practitioners"]
    pages += ["payments/PAY-002", *(f"payments/PAY-002/status/?to={to}" for to in ("", "paid", "cancelled", "draft"))]
    pages += [f"patients/{patient.ref}/benefits", f"payments/new/?treatment={event.ref}&kind=pre_payment"]
    pages += ["plans", "plans/PL-001", "plans/PL-001/cancel", f"followups/{patient.account.ref}"]
    paths = [f"/c/{home.clinic.slug}/{page}{'' if '?' in page else '/'}" for page in [*pages, "payments/?status=paid"]]

    assert _walk(chromium, live_server, session_of(home.olga.user), paths) == {}


def _walk(chromium, live_server, session: str, paths: list[str]) -> dict[str, list[str]]:
    """What is wrong with each page, in one window."""
    context = window(chromium, viewport=DESK, base_url=live_server.url, reduced_motion="reduce")
    if session:
        host = urlsplit(live_server.url).hostname
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": host, "path": "/"}
        context.add_cookies([cookie])
    page = opened(context)
    try:
        return {path: complaints for path in paths if (complaints := _look(page, path))}
    finally:
        context.close()


def _look(page, path: str) -> list[str]:
    """What is wrong with one page, light at a desk and dark on a phone."""
    page.complaints.clear()
    page.set_viewport_size(DESK)
    answer = page.goto(path)
    expected = {404: "404", 403: "403"}.get(answer.status, "")
    if answer.status in {405, 409}:
        return []
    page.evaluate(AXE)
    complaints = []
    for size, dark in ((DESK, False), (PHONE, True)):  # each width and each theme once: what differs is not both
        page.set_viewport_size(size)
        complaints += [f"{size['width']} {'dark' if dark else 'light'}: {one}" for one in page.evaluate(LOOK, dark)]
    return complaints + [text for text in page.complaints if not (expected and expected in text)]
