"""Locations, practitioners, insurers, patients with their accounts, and their visits."""

from collections.abc import Sequence
from typing import NamedTuple

from clinicpay.audit.services import record_many
from clinicpay.clinics.models import Location
from clinicpay.imports.practice import Healer, Insurer, Person, Place, Practice, Visit
from clinicpay.imports.rows import BATCH, create, known, make, refs, unknown
from clinicpay.patients.models import Account, Patient, PatientPayer, PatientWord
from clinicpay.patients.search import found_by
from clinicpay.patients.services import search_key
from clinicpay.staff.models import ClinicPayItself, Practitioner
from treatments.models import TreatmentEvent
from treatments.states import EventState


class People(NamedTuple):
    """Rows of the clinic by their ids at the source, and how many of them are new."""

    places: dict[str, Location]
    insurers: dict[str, Account]
    patients: dict[str, Patient]
    visits: dict[str, TreatmentEvent]
    new_patients: int
    new_visits: int


def import_people(practice: Practice, *, by: ClinicPayItself) -> People:
    """Add whoever and whatever treatments refer to, then the treatment events, in the order of their dates."""
    places = known(Location, refs(practice.places))
    places |= make(Location, unknown(practice.places, places), _location)
    healers = known(Practitioner, refs(practice.healers))
    healers |= make(Practitioner, unknown(practice.healers, healers), _practitioner)
    insurers = known(Account, refs(practice.insurers))
    insurers |= make(Account, unknown(practice.insurers, insurers), _insurer_account)
    patients = known(Patient, refs(practice.persons))
    new_patients = _patients(unknown(practice.persons, patients), by)
    patients |= new_patients
    _list_payers(practice.persons, patients, insurers)

    visits = known(TreatmentEvent, refs(practice.visits))
    new_visits = make(
        TreatmentEvent,
        sorted(unknown(practice.visits, visits), key=lambda visit: visit.began),
        lambda visit: _event(visit, patients[visit.person], healers[visit.healer], places[visit.place]),
    )
    visits |= new_visits
    return People(places, insurers, patients, visits, len(new_patients), len(new_visits))


def _patients(persons: list[Person], by: ClinicPayItself) -> dict[str, Patient]:
    """New patients, each with an account of their own, found by the words of their names."""
    accounts = known(Account, refs(persons))
    accounts |= make(Account, unknown(persons, accounts), _own_account)
    patients = make(Patient, persons, lambda person: _patient(person, accounts[person.ref]))
    create(
        PatientWord,
        [PatientWord(patient=one, word=word) for one in patients.values() for word in found_by(one.name, one.phone)],
    )
    record_many("patient.imported", [(patient, {}, {"name": patient.name}) for patient in patients.values()], by=by)
    return patients


def _list_payers(persons: Sequence[Person], patients: dict[str, Patient], insurers: dict[str, Account]) -> None:
    PatientPayer.objects.bulk_create(
        (
            PatientPayer(patient=patients[person.ref], account=insurers[insurer])
            for person in persons
            for insurer in sorted(person.insurers)
        ),
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def _location(place: Place) -> Location:
    return Location(name=place.name, address=place.address, external_ref=place.ref)


def _practitioner(healer: Healer) -> Practitioner:
    return Practitioner(name=healer.name, discipline=healer.discipline, external_ref=healer.ref)


def _insurer_account(insurer: Insurer) -> Account:
    return Account(
        kind=Account.Kind.INSURANCE,
        name=insurer.name,
        phone=insurer.phone,
        address=insurer.address,
        external_ref=insurer.ref,
    )


def _own_account(person: Person) -> Account:
    name = f"{person.first_name} {person.last_name}"[:160]
    return Account(name=name, address=person.address, external_ref=person.ref)


def _patient(person: Person, account: Account) -> Patient:
    patient = Patient(
        account=account,
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=person.birth_date,
        sex=person.sex,
        address=person.address,
        external_ref=person.ref,
    )
    patient.search_key = search_key(patient)
    return patient


def _event(visit: Visit, patient: Patient, healer: Practitioner, place: Location) -> TreatmentEvent:
    return TreatmentEvent(
        patient=patient,
        practitioner=healer,
        location=place,
        service_at=visit.began,
        closed_at=visit.ended,
        discipline=visit.discipline,
        title=visit.title,
        state=EventState.CLOSED,
        external_ref=visit.ref,
    )
