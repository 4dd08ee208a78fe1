"""E17: what is written down about requests, tasks and errors holds no patient, secret or amount."""

import ast
import io
import json
import logging

import pytest
import structlog

from clinicpay import logs
from clinicpay.celery import app
from clinicpay.embedded.paths import PROJECT, data_folder
from clinicpay.embedded.postgres import SETTINGS, Cluster
from tests.architecture.sources import PRODUCT, modules, place
from tests.deployment.compose import command
from tests.security.slow import SECRET
from tests.worlds import make_world

NAME, CARD, PASSWORD, TOKEN, AMOUNT = "Canaryface", "4111111111111111", "hunter2-canary", "tok-canary-77", "987654.32"
CANARIES = (NAME, CARD, PASSWORD, TOKEN, AMOUNT, "987,654")


@pytest.fixture
def written():
    """All that goes to the log, through the formatter that a server uses, at the most talkative level in use."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.json_formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    """A clinic of its own: a patient with such a name stays."""
    with django_db_blocker.unblock():
        return make_world("leaks")


def leaks(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def lines_of(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.security.slow")
def test_logs_and_error_pages_hold_no_canary(told, written):
    north = told
    rita, nobody = north.browser("rita"), north.browser()
    shown = [
        nobody.post("/accounts/login/", {"login": f"{NAME}@clinic.test", "password": PASSWORD}, follow=True),
        nobody.get(f"/accounts/invitation/{TOKEN}/"),
        nobody.get(f"/planted/token/{TOKEN}/"),
        nobody.get(f"/nowhere/{TOKEN}/"),
        rita.get(f"/c/{north.slug}/planted/raises/?q={NAME}"),
        rita.post(f"/c/{north.slug}/planted/raises/", {"memo": CARD}),
        rita.post(f"/c/{north.slug}/planted/breaks/", {"amount": AMOUNT}),
        rita.get(f"/c/{north.slug}/patients/PT-999999/?q={NAME}"),
        rita.post(f"/c/{north.slug}/patients/new/", {"first_name": NAME, "last_name": CARD}),
        rita.get(f"/c/{north.slug}/find/?q={CARD}"),
    ]
    errors = [answer.content.decode() for answer in shown if answer.status_code >= 400]

    assert [answer.status_code for answer in shown[4:7]] == [500] * 3
    assert len(lines_of(written)) >= len(shown)
    assert leaks(written.getvalue()) == []
    assert leaks("".join(errors)) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.security.slow")
def test_line_of_a_request_says_who_where_what_and_how_long(worlds, written):
    north, _ = worlds

    answer = north.browser("rita").get(f"/c/{north.slug}/patients/{north.patient.ref}/")

    line = next(line for line in lines_of(written) if line["event"] == "request")
    assert line | {"ms": 0, "timestamp": ""} == {
        "event": "request",
        "level": "info",
        "logger": "clinicpay.logs",
        "timestamp": "",
        "request_id": answer["X-Request-ID"],
        "method": "GET",
        "route": "c/<slug:slug>/patients/<pt:number>/",
        "status": 200,
        "ms": 0,
        "user": north.home.rita.user_id,
        "clinic": north.slug,
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.security.slow")
def test_error_is_logged_by_its_kind_and_place(worlds, written):
    north, _ = worlds
    north.browser("rita").get(f"/c/{north.slug}/planted/breaks/")

    line = next(line for line in lines_of(written) if "exception" in line)

    assert (line["event"], line["status"]) == ("request failed", 500)
    assert "psycopg.errors.UniqueViolation 23505 clinics_location_pkey" in line["exception"]
    assert any(" breaks_a_rule" in where for where in line["exception"])


def test_line_leaves_out_what_nobody_has_named(written):
    structlog.get_logger("ours").error("ledger differs", clinic=3, patient=SECRET, amount=AMOUNT)

    (line,) = lines_of(written)
    assert set(line) == {"event", "clinic", "level", "logger", "timestamp"}


def test_failed_task_is_logged_without_its_errors_words(written):
    """The shape in which Celery logs a failure: the error's words are in its message and in its data."""
    data = {"name": "clinicpay.tasks.verify_ledger", "id": "77", "exc": SECRET, "args": SECRET, "description": "raised"}
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        logging.getLogger("celery.app.trace").error(
            "Task %(name)s[%(id)s] %(description)s: %(exc)s", data, exc_info=error, extra={"data": data}
        )

    (line,) = lines_of(written)
    assert (line["task"], line["task_id"]) == ("clinicpay.tasks.verify_ledger", "77")
    assert leaks(written.getvalue()) == []


def test_control_a_plain_formatter_would_have_leaked():
    """The same error through the standard library's formatter: the scan can see."""
    stream = io.StringIO()
    logger = logging.Logger("plain")
    logger.addHandler(logging.StreamHandler(stream))
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.exception("failed")

    assert leaks(stream.getvalue()) == [NAME, CARD]


def test_tasks_take_ids_and_dates_alone():
    """What waits in the broker names rows; it never brings any."""
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if name.startswith("clinicpay.")}
    hints = {
        f"{name}({parameter})": hint
        for name, task in ours.items()
        for parameter, hint in task.run.__annotations__.items()
        if parameter != "return"
    }

    assert ours
    assert {name for name, hint in hints.items() if hint not in {int, bool, "int", "bool"}} - DATES == set()


DATES: set[str] = {"clinicpay.tasks.night(day)"}
"""Parameters of tasks that are words, with what they are: add a local date here."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.security.slow")
def test_log_of_the_database_quotes_no_row(worlds):
    """PostgreSQL writes failing statements with their values unless told not to, as ours and compose's are."""
    north, _ = worlds
    log = Cluster(data_folder()).log
    before = log.stat().st_size

    north.browser("rita").post(f"/c/{north.slug}/planted/breaks/", {})

    news = log.read_bytes()[before:].decode()
    assert "clinics_location_pkey" in news
    assert leaks(news) == []
    assert set(SETTINGS.items()) >= {("log_min_error_statement", "panic"), ("log_error_verbosity", "terse")}
    assert "-c log_min_error_statement=panic -c log_error_verbosity=terse" in command("db")


def test_log_calls_say_constant_words():
    """Words that are put together could hold anything; facts have names, which are on a list."""
    calls = [
        (file, node)
        for file in modules(*PRODUCT)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"log", "logger"}
        and node.func.attr in {"debug", "info", "warning", "error", "exception", "critical"}
    ]
    wrong = {
        f"{place(file)}:{call.lineno}"
        for file, call in calls
        if not isinstance(call.args[0], ast.Constant)
        or {key.arg for key in call.keywords} - logs.KNOWN - {None, "exc_info"}
    }

    assert calls
    assert wrong == set()


def test_sources_hold_no_card_field():
    """E18: card numbers are typed at the processor's, never here."""
    from django.apps import apps
    from django.forms import BaseForm

    for module in modules(*PRODUCT):
        if module.stem == "forms" or "forms" in module.parent.parts:
            __import__(".".join(module.relative_to(PROJECT).with_suffix("").parts))
    fields = {f"{model.__name__}.{field.name}" for model in apps.get_models() for field in model._meta.fields}
    fields |= {f"{form.__name__}.{name}" for form in _below(BaseForm) for name in getattr(form, "base_fields", {})}

    assert len(fields) > 200
    assert {field for field in fields if _is_card(field)} == set()
    assert _is_card("PaymentForm.card_number")


def _below(kind: type) -> set[type]:
    return {one for child in kind.__subclasses__() for one in {child, *_below(child)}}


def _is_card(field: str) -> bool:
    words = set(field.split(".")[1].lower().split("_"))
    return bool(words & {"card", "pan", "cvc", "cvv", "ccnumber", "expiry", "track2", "iban"})
