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

UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-settling"
"""What htmx has asked for and not put in yet."""

UNSETTLED = f"html:has({UNDER_WAY})"
"""A page that is about to change: what comes between a button's going down and its coming up swallows the click."""

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
    """Playwright's page with such keys, which is never spoken to while it is exchanged for another.

    Asked in that moment, the browser answers "Not attached to an active page" or "Execution context was destroyed".
    """

    ready = READY

    @property
    def keyboard(self) -> Any:
        return Keyboard(self)

    def goto(self, *place: Any, **options: Any) -> Any:
        loaded(self)
        return super().goto(*place, **options)

    def go_back(self, **options: Any) -> None:
        """As the browser's button does. The page itself asks for it: its frame can't have been exchanged meanwhile."""
        loaded(self)
        with self.expect_navigation(**options):
            super().evaluate("history.back()")

    def go_forward(self, **options: Any) -> None:
        loaded(self)
        with self.expect_navigation(**options):
            super().evaluate("history.forward()")

    def reload(self, **options: Any) -> Any:
        loaded(self)
        return super().reload(**options)

    def content(self) -> str:
        loaded(self)
        return super().content()

    def evaluate(self, *script: Any) -> Any:
        at_work(self)
        return super().evaluate(*script)


class PlainPage(PatientPage):
    """A page in a window without scripts: nothing in it ever says that it is at work."""

    ready = "html"

    @property
    def keyboard(self) -> Any:
        return Page.keyboard.fget(self)


def window(browser: Any, **options: Any) -> Any:
    """A window of its own, with patience."""
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    context.runs_scripts = options.get("java_script_enabled", True)
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
    """The page, which from now on clicks and types only where the scripts have run, and nothing is about to change.

    A browser draws a page, and Playwright finds a field in it, some milliseconds before deferred scripts run.
    """
    if not getattr(page.context, "runs_scripts", True):
        page.__class__ = PlainPage
        return page
    page.__class__ = PatientPage
    for state in (AT_WORK, UNSETTLED):
        page.add_locator_handler(page.locator(state), lambda: None)
    return page


def hurried(page: Any) -> None:
    """From now on, what is done in this page does not wait for what htmx has asked for."""
    page.remove_locator_handler(page.locator(UNSETTLED))


def at_work(page: Any) -> None:
    """Until the scripts of the page that is shown have run."""
    page.locator(page.ready).wait_for(state="attached")


def loaded(page: Any) -> None:
    """Until the page that is shown has come with all that belongs to it, and its scripts have run."""
    page.wait_for_load_state("load")
    at_work(page)


def settled(page: Any) -> None:
    """Until htmx has put in every answer that it has asked for."""
    expect(page.locator(UNDER_WAY)).to_have_count(0)


def at_rest(page: Any) -> None:
    """Until the drawer has slid in: it takes the focus when it has come to rest."""
    page.locator("#drawer.show:not(.showing, .hiding)").wait_for()


def look_for(page: Any, field: Any, typed: str) -> None:
    """Type into a list's search, and see the list that it asks for: the one before may show the same rows."""
    with page.expect_response(lambda answer: f"q={typed}" in answer.url):
        field.fill(typed)
    settled(page)


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
    settled(page)
