"""The second step: a code counts once, clocks may differ a little, guesses are few, who must have it has it (E11)."""

import re
import time
import uuid
from collections.abc import Callable

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff import second_step
from clinicpay.staff.models import Invitation, User
from tests.factories import UserFactory, make_clinic
from tests.races.crowd import rush

LOGIN, CODE, ENROL = "/accounts/login/", "/accounts/2fa/authenticate/", "/accounts/2fa/totp/activate/"
PASSWORD = "a long enough password"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CROWD = 16


@pytest.fixture(autouse=True)
def nobody_has_guessed_yet(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "1000/m/ip"}
    cache.clear()
    yield
    cache.clear()


def code(steps: int = 0, secret: str = SECRET) -> str:
    """What the app shows now, or so many half minutes from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def a_person() -> User:
    """Who signs in with a password and an app."""
    user = UserFactory(email=f"{uuid.uuid4().hex[:12]}@step.test")
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    TOTP.activate(user, SECRET)
    return user


def at_second_step(user: User) -> Client:
    """A browser that has sent the right password."""
    client = Client()
    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert answer["Location"] == CODE
    return client


def gets_in(client: Client, typed: str) -> bool:
    """Whether a code opens the sign-in."""
    client.post(CODE, {"code": typed})
    return "_auth_user_id" in client.session


def _accepted(user: User, code_of: Callable[[], str]) -> int:
    """Of so many browsers at the same moment with the same code; the clock stands, for a code ends with its minute."""
    browsers = [at_second_step(user) for _ in range(CROWD)]
    with time_machine.travel(timezone.now(), tick=False):
        typed = code_of()
        answers = rush(CROWD, lambda number: gets_in(browsers[number], typed))
    assert set(answers) <= {True, False}, answers
    return answers.count(True)


@pytest.mark.django_db(transaction=True)
def test_e11_of_sixteen_uses_of_a_code_at_once_one_is_accepted(monkeypatch):
    """The database alone decides: the throttle is put aside."""
    monkeypatch.setattr(second_step, "TRIES", 100)

    assert _accepted(a_person(), code) == 1


@pytest.mark.django_db(transaction=True)
def test_e11_control_without_the_database_all_are_accepted(monkeypatch):
    monkeypatch.setattr(second_step, "TRIES", 100)
    monkeypatch.setattr(second_step, "spend", lambda user, step: True)

    assert _accepted(a_person(), code) == CROWD


@pytest.mark.django_db(transaction=True)
def test_e11_of_sixteen_uses_of_a_recovery_code_at_once_one_is_accepted(monkeypatch):
    monkeypatch.setattr(second_step, "TRIES", 100)
    user = a_person()
    codes = RecoveryCodes.activate(user)

    assert _accepted(user, lambda: codes.get_unused_codes()[0]) == 1
    assert len(Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()) == 9


@pytest.mark.django_db
@pytest.mark.parametrize(("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_e11_clock_of_the_phone_may_be_half_a_minute_wrong(steps, opens):
    with time_machine.travel(timezone.now(), tick=False):
        assert gets_in(at_second_step(a_person()), code(steps)) is opens


@pytest.mark.django_db
def test_e11_used_code_is_used_for_as_long_as_it_is_valid():
    """The library forgets it after 30 s, and with its tolerance it is valid for 90."""
    user = a_person()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        used = code(1)
        assert gets_in(at_second_step(user), used)
        cache.clear()
        clock.shift(45)
        assert not gets_in(at_second_step(user), used)
        assert not gets_in(at_second_step(user), code(-1)), "older ones end with it"
        clock.shift(30)
        assert gets_in(at_second_step(user), code())


@pytest.mark.django_db
def test_e11_recovery_code_counts_once():
    user = a_person()
    first = RecoveryCodes.activate(user).get_unused_codes()[0]

    assert [gets_in(at_second_step(user), first) for _ in range(2)] == [True, False]


@pytest.mark.django_db
def test_e11_after_five_wrong_codes_the_right_one_waits():
    user = a_person()
    client = at_second_step(user)
    for _ in range(second_step.TRIES):
        client.post(CODE, {"code": "000000"})

    answer = client.post(CODE, {"code": code()})
    assert "Too many wrong codes. Wait 5 minutes, then try again." in answer.content.decode()
    assert not gets_in(client, code())
    cache.clear()
    assert gets_in(client, code())


@pytest.mark.django_db(transaction=True)
def test_e11_of_many_guesses_at_once_five_are_looked_at(monkeypatch):
    looked, user = [], a_person()
    monkeypatch.setattr(second_step, "step_of", lambda *_: looked.append(1))
    browsers = [at_second_step(user) for _ in range(CROWD)]

    rush(CROWD, lambda number: gets_in(browsers[number], "123456"))

    assert len(looked) == second_step.TRIES


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", " ", "abcdef", "１２３４５６", "-1", "0" * 5000, "\0", "1e400"])
def test_what_is_no_code_is_refused_in_words(typed):
    client = at_second_step(a_person())

    answer = client.post(CODE, {"code": typed})

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_secrets_are_sealed_where_the_database_keeps_them(settings):
    user = a_person()
    kept = Authenticator.objects.get(user=user).data["secret"]

    assert SECRET not in kept
    settings.GATEWAY_KEY = "another key"
    assert not gets_in(at_second_step(user), code())


def again(client: Client) -> None:
    """What changes a sign-in asks for the password once more."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def key_of(client: Client) -> str:
    """The key that the page of enrolment shows beside its picture."""
    again(client)
    return re.search(r'data-copy="(\w{32})"', client.get(ENROL).content.decode())[1]


@pytest.fixture
def strict(db):
    """A clinic that lets owners and admins in with a second step only."""
    home = make_clinic(f"strict-{uuid.uuid4().hex[:8]}", "Strict Clinic")
    _ask_of(home, Clinic.TwoStep.MANAGERS)
    return home


def _ask_of(home, whom: str) -> None:
    with clinic_scope(home.clinic):
        Clinic.objects.filter(pk=home.clinic.pk).update(two_step=whom)


def _inside(member) -> Client:
    client = Client()
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.mark.parametrize("who", ["olga", "adam"])
@pytest.mark.parametrize("page", ["", "today/", "payments/", "settings/team/"])
def test_owner_and_admin_without_it_see_nothing_and_are_led_to_it(strict, who, page):
    answer = _inside(strict.members[who]).get(f"/c/{strict.clinic.slug}/{page}")

    words = answer.content.decode()
    assert answer.status_code == 403
    assert ENROL in words
    assert "Rita" not in words


def test_part_and_form_are_refused_too_and_change_nothing(strict):
    olga, team = _inside(strict.olga), f"/c/{strict.clinic.slug}/settings/team/"
    current = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{team}?x=1"}

    part = olga.get(team, headers=current)
    form = olga.post(team, {"email": "new@example.test", "role": "billing"})

    assert (part.status_code, part.content, part["HX-Redirect"]) == (403, b"", f"{team}?x=1")
    assert form.status_code == 403
    with clinic_scope(strict.clinic):
        assert not Invitation.objects.exists()


@pytest.mark.parametrize("who", ["rita", "bill", "petra"])
def test_others_come_in_unless_everybody_is_asked(strict, who):
    place, client = f"/c/{strict.clinic.slug}/today/", _inside(strict.members[who])
    assert client.get(place).status_code == 200

    _ask_of(strict, Clinic.TwoStep.EVERYBODY)

    assert client.get(place).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_enrolment_leads_back_and_ends_the_other_sign_ins(strict):
    place, here, elsewhere = f"/c/{strict.clinic.slug}/settings/team/", Client(), Client()
    strict.olga.user.set_password(PASSWORD)
    strict.olga.user.save(update_fields=["password"])
    for client in (here, elsewhere):
        client.post(LOGIN, {"login": strict.olga.user.email, "password": PASSWORD})
    assert here.get(place).status_code == 403

    secret = key_of(here)
    assert here.post(ENROL, {"code": "000000"}).status_code == 200
    done = here.post(ENROL, {"code": code(secret=secret)})
    codes = here.get(done["Location"]).content.decode()

    assert len(re.findall(r'<li class="mono">(\d{8})</li>', codes)) == 10
    assert not re.findall(r'<li class="mono">(\d{8})</li>', here.get(done["Location"]).content.decode()), "once"
    assert here.get("/accounts/2fa/done/")["Location"] == place
    assert here.get(place).status_code == 200
    assert elsewhere.get(place)["Location"].startswith(LOGIN)


def test_code_of_the_enrolment_opens_no_sign_in(strict):
    user = strict.olga.user
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    client = Client()
    client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    secret = key_of(client)
    shown = code(secret=secret)
    client.post(ENROL, {"code": shown})

    assert not gets_in(at_second_step(user), shown)


def test_who_must_have_it_cannot_turn_it_off(strict):
    user = strict.olga.user
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    TOTP.activate(user, SECRET)
    client = at_second_step(user)
    gets_in(client, code())
    again(client)

    answer = client.post("/accounts/2fa/totp/deactivate/")

    assert "can’t be turned off" in answer.content.decode()
    assert Authenticator.objects.filter(user=user).exists()
