"""B1: what the application's role is refused in raw SQL, with real commits."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests.balances.attacks import act, applied, undone
from tests.balances.attacks_on_states import ATTACKS
from tests.balances.scene import Scene, make_scene


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker) -> Iterator[Scene]:
    with django_db_blocker.unblock():
        made = make_scene()
    with made.owner:
        yield made


@pytest.mark.parametrize(("attack", "refusal"), ATTACKS.values(), ids=ATTACKS.keys())
def test_attack_is_refused(scene, attack, refusal):
    before = scene.fingerprint()
    with pytest.raises(psycopg.Error) as caught:
        scene.try_to(attack)
    assert refusal in (caught.value.diag.constraint_name, caught.value.sqlstate)
    assert scene.fingerprint() == before


def test_attack_in_a_second_statement_takes_the_first_with_it(scene):
    before = scene.fingerprint()
    with pytest.raises(errors.CheckViolation):
        scene.try_to(act("allocate", applied(600)), act("allocate", applied(600)))
    assert scene.fingerprint() == before


def test_attack_with_another_search_path_is_refused(scene):
    before = scene.fingerprint()
    with pytest.raises(errors.CheckViolation) as caught:
        scene.try_to("set search_path = pg_temp, public", act("allocate", applied(1001)))
    assert caught.value.diag.constraint_name == "balances_credit_available"
    assert scene.fingerprint() == before


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_attack_at_another_isolation_level_is_refused(scene, level):
    before = scene.fingerprint()
    with pytest.raises(errors.CheckViolation):
        scene.try_to(f"set transaction isolation level {level}", act("allocate", applied(1001)))
    assert scene.fingerprint() == before


def test_control_a_legal_act_is_accepted_and_changes_the_fingerprint(scene):
    before = scene.fingerprint()
    scene.try_to(act("unallocate", undone(4000), applied(3999)), act("allocate", applied(1)))
    assert scene.fingerprint() != before


def test_attacker_who_grants_itself_rights_gains_none(scene):
    before = scene.fingerprint()
    with pytest.raises(errors.InsufficientPrivilege):
        scene.try_to(
            "grant update on balances_charge to clinicpay_app",  # a warning, no rights granted
            "update balances_charge set outstanding = 0",
        )
    assert scene.fingerprint() == before
