"""What every answer says to the browser about itself, and no script or style inside a page (E1)."""

from html.parser import HTMLParser

import pytest

from tests.access.samples import ALL, HTMX, IN_CLINIC, named, path_of

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


class Inline(HTMLParser):
    """Collects what the content security policy would refuse."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Script without source, style of any kind, event handlers, script addresses."""
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        for name, value in names.items():
            if name == "style" or name.startswith(("on", "hx-on")) or (value or "").startswith("javascript:"):
                self.found.append(f"<{tag} {name}={value}>")


def _check(response) -> None:
    if (
        response.headers.get("Content-Disposition", "").startswith("attachment")
        and "sandbox" in (response["Content-Security-Policy"])
    ):  # a document of somebody else's, given back as a file: stricter than a page of ours
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    else:
        policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
        assert policy == POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    is_strangers = response.headers.get("X-Robots-Tag")  # what payers open tells no site where they were
    assert response["Referrer-Policy"] == ("no-referrer" if is_strangers else "same-origin")
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    is_feed = "ETag" in response and response["Content-Type"].startswith("text/calendar")
    kept = "private, no-cache" if is_feed else "no-store"  # a calendar asks whether its own is still true
    assert kept in response["Cache-Control"]
    assert "Server" not in response
    if response.headers.get("Content-Type", "").startswith("text/html"):
        assert Inline(response.content.decode()).found == []


@pytest.mark.parametrize("one", ALL, ids=named)
@pytest.mark.parametrize("who", ["olga", "petra", ""])
def test_every_answer_has_the_security_headers(worlds, one, who):
    north, _ = worlds

    _check(north.browser(who).get(path_of(one, north)))


@pytest.mark.parametrize("one", IN_CLINIC, ids=named)
def test_answers_to_forms_and_parts_have_them_too(worlds, one):
    north, _ = worlds
    rita, place = north.browser("rita"), path_of(one, north)

    _check(rita.post(place))
    _check(rita.get(place, headers=HTMX))


@pytest.mark.parametrize("place", ["/nowhere/", "/c/nowhere/", "/c/north/nowhere/", "/static/nowhere.css"])
def test_errors_have_them_too(worlds, place):
    response = worlds[0].browser("rita").get(place)

    assert response.status_code == 404
    _check(response)


def test_cookies_are_closed_to_scripts_and_other_sites(harbor, client):
    rita = harbor.rita.user
    rita.set_password("a-password-of-my-own")
    rita.save(update_fields=["password"])

    client.post("/accounts/login/", {"login": rita.email, "password": "a-password-of-my-own"})
    client.get("/c/harbor/patients/new/")

    session, csrf = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert (session["httponly"], session["samesite"]) == (True, "Lax")
    assert csrf["samesite"] == "Lax"


def test_inline_finder_sees():
    """The control of the check above."""
    page = '<script>x</script><style>y</style><p style="a" onclick="b"><a href="javascript:c">'

    assert len(Inline(page).found) == 5
