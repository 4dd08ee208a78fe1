"""A browser that waits as a person does: until the page it sees is at work, and as long as a busy machine needs."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

PATIENCE = 60_000
"""Milliseconds until a browser test gives up: waiting costs nothing where what is waited for comes."""

READY = "html:is([data-ready], :not(:has(script[src*='/app'])))"
"""A page that hears what is typed: its scripts have run, or it has none."""

AT_WORK = "html:has(script[src*='/app']):not([data-ready])"
"""A page whose scripts have not run yet: what is typed into it now is seen by nobody."""

REPLACED = ("htmx:afterRequest", "htmx:sendAbort")
"""What htmx says in the console of a request that a newer one has replaced: no fault, and commoner when busy."""


class Keyboard:
    """The page's keys, which wait for the page as its fields do; a key falls only where it is heard."""

    def __init__(self, page: Any) -> None:
        self._page, self._keys = page, Page.keyboard.fget(page)

    def __getattr__(self, name: str) -> Callable[..., None]:
        at_work(self._page)
        return getattr(self._keys, name)


class PatientPage(Page):
    """Playwright's page with such keys."""

    @property
    def keyboard(self) -> Any:
        return Keyboard(self)


def window(browser: Any, **options: Any) -> Any:
    """A window of its own, with patience."""
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context


def opened(context: Any) -> Any:
    """A patient page in this window, to whose console somebody listens."""
    return listened_to(patient(context.new_page()))


def listened_to(page: Any) -> Any:
    """The page; what its console complains of is in `page.complaints`."""
    page.complaints = []
    page.on("console", lambda said: _note(page, said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: _note(page, str(error)))
    return page


def _note(page: Any, text: str) -> None:
    if not text.startswith(REPLACED):
        page.complaints.append(text)


def patient(page: Any) -> Any:
    """The page, which from now on clicks and types only where the scripts have run.

    A browser draws a page, and Playwright finds a field in it, some milliseconds before deferred scripts run.
    """
    page.__class__ = PatientPage
    page.add_locator_handler(page.locator(AT_WORK), lambda: None)
    return page


def at_work(page: Any) -> None:
    """Until the scripts of the page that is shown have run."""
    page.locator(READY).wait_for(state="attached")


def settled(page: Any) -> None:
    """Until htmx has put in every answer that it has asked for."""
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def at_rest(page: Any) -> None:
    """Until the drawer has slid in: it takes the focus when it has come to rest."""
    page.locator("#drawer.show:not(.showing, .hiding)").wait_for()


def choose(page: Any, field: str, typed: str, name: str) -> None:
    """Type into a select that one can type into, once it is open, as a person does, and take what it offers."""
    page.locator(f"{field} .ts-control").click()
    page.locator(f"{field} .ts-wrapper.focus:not(.input-hidden)").wait_for()
    page.keyboard.type(typed, delay=20)
    page.locator(".ts-dropdown").get_by_role("option", name=name).click()


def enter(page: Any, user: Any, password: str, place: str) -> None:
    """Sign in by the keyboard; the place stands ready."""
    page.goto(f"/accounts/login/?next={place}")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "?next=" not in url and url.endswith(place))
