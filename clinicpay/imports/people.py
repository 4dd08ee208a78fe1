"""Locations, practitioners, accounts with their patients, and these people's visits."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import Q

from clinicpay.audit.services import record_many
from clinicpay.clinics.models import Location
from clinicpay.imports.practice import Healer, Party, Person, Place, Practice, Visit
from clinicpay.imports.rows import BATCH, chunks, create, known, make, refs, unknown
from clinicpay.patients.models import Account, Patient, PatientPayer, PatientWord
from clinicpay.patients.search import found_by
from clinicpay.patients.services import search_key
from clinicpay.staff.models import ClinicPayItself, Practitioner
from treatments.models import TreatmentEvent
from treatments.states import EventState


class Treated(NamedTuple):
    """Ids of a patient and of the account that owes for them."""

    pk: int
    account_id: int


class Visited(NamedTuple):
    """Ids of a treatment event, of its patient and of the account that owes for it."""

    pk: int
    patient_id: int
    account_id: int


class People(NamedTuple):
    """Ids of the clinic's rows by their ids at the source, and how many of them are new."""

    places: dict[str, int]
    accounts: dict[str, int]
    patients: dict[str, Treated]
    visits: dict[str, Visited]
    new_accounts: int
    new_patients: int
    new_visits: int


def import_people(practice: Practice, *, by: ClinicPayItself) -> People:
    """Add whoever and whatever treatments refer to, then the treatment events, in the order of their dates."""
    places, healers = _places(practice.places), _healers(practice.healers)
    accounts = _ids(known(Account, refs(practice.parties)).values())
    new_accounts = unknown(practice.parties, accounts)
    accounts |= _ids(make(Account, new_accounts, _account).values())
    patients = _treated(known(Patient, refs(practice.persons)).values())
    new_patients = unknown(practice.persons, patients)
    for persons in chunks(new_patients, BATCH):
        patients |= _treated(_patients(persons, accounts, by))
    _list_payers(practice.persons, patients, accounts)

    visits = _known_visits(practice.visits)
    new_visits = sorted(unknown(practice.visits, visits), key=lambda visit: visit.began)
    for some in chunks(new_visits, BATCH):
        events = create(TreatmentEvent, [_event(one, patients, healers, places) for one in some])
        visits |= {one.ref: Visited(event.pk, *patients[one.person]) for one, event in zip(some, events, strict=True)}
    return People(places, accounts, patients, visits, len(new_accounts), len(new_patients), len(new_visits))


def named_places(places: Sequence[Place]) -> dict[str, int]:
    """The locations that are there: those of an earlier import, and those that people have given the same name."""
    found = _ids(known(Location, refs(places)).values())
    same = dict(Location.objects.filter(_typed_in(places)).order_by("-pk").values_list("name", "pk"))
    return found | {place.ref: same[place.name] for place in unknown(places, found) if place.name in same}


def _places(places: Sequence[Place]) -> dict[str, int]:
    found = named_places(places)
    return found | _ids(make(Location, unknown(places, found), _location).values())


def _healers(healers: Sequence[Healer]) -> dict[str, int]:
    """The practitioners, found in the same way."""
    found = _ids(known(Practitioner, refs(healers)).values())
    same = dict(Practitioner.objects.filter(_typed_in(healers)).order_by("-pk").values_list("name", "pk"))
    found |= {healer.ref: same[healer.name] for healer in unknown(healers, found) if healer.name in same}
    return found | _ids(make(Practitioner, unknown(healers, found), _practitioner).values())


def _typed_in(rows: Sequence[Place] | Sequence[Healer]) -> Q:
    """What people have entered by hand under these names."""
    return Q(external_ref="", name__in=[row.name for row in rows])


def _patients(persons: list[Person], accounts: dict[str, int], by: ClinicPayItself) -> list[Patient]:
    """New patients, found by the words of their names."""
    patients = create(Patient, [_patient(person, accounts[person.account]) for person in persons])
    words = [PatientWord(patient=one, word=word) for one in patients for word in found_by(one.name, one.phone)]
    create(PatientWord, words)
    record_many("patient.imported", [(patient, {}, {"name": patient.name}) for patient in patients], by=by)
    return patients


def _list_payers(persons: Sequence[Person], patients: dict[str, Treated], accounts: dict[str, int]) -> None:
    PatientPayer.objects.bulk_create(
        (
            PatientPayer(patient_id=patients[person.ref].pk, account_id=accounts[payer], member_number=member)
            for person in persons
            for payer, member in sorted(person.payers.items())
        ),
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def _known_visits(visits: Sequence[Visit]) -> dict[str, Visited]:
    found: dict[str, Visited] = {}
    for some in chunks(refs(visits), BATCH):
        rows = TreatmentEvent.objects.filter(external_ref__in=some).exclude(external_ref="")
        for ref, *ids in rows.values_list("external_ref", "pk", "patient", "patient__account"):
            found[ref] = Visited(*ids)
    return found


def _treated(patients: Iterable[Patient]) -> dict[str, Treated]:
    return {patient.external_ref: Treated(patient.pk, patient.account_id) for patient in patients}


def _ids(rows: Iterable[Account | Location | Practitioner]) -> dict[str, int]:
    return {row.external_ref: row.pk for row in rows}


def _location(place: Place) -> Location:
    return Location(name=place.name, address=place.address, external_ref=place.ref)


def _practitioner(healer: Healer) -> Practitioner:
    return Practitioner(name=healer.name, discipline=healer.discipline, external_ref=healer.ref)


def _account(party: Party) -> Account:
    return Account(
        kind=party.kind,
        name=party.name,
        email=party.email,
        phone=party.phone,
        address=party.address,
        external_ref=party.ref,
    )


def _patient(person: Person, account_id: int) -> Patient:
    patient = Patient(
        account_id=account_id,
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=person.birth_date,
        sex=person.sex,
        email=person.email,
        phone=person.phone,
        address=person.address,
        external_ref=person.ref,
    )
    patient.search_key = search_key(patient)
    return patient


def _event(
    visit: Visit, patients: dict[str, Treated], healers: dict[str, int], places: dict[str, int]
) -> TreatmentEvent:
    return TreatmentEvent(
        patient_id=patients[visit.person].pk,
        practitioner_id=healers[visit.healer],
        location_id=places[visit.place],
        service_at=visit.began,
        closed_at=visit.ended,
        discipline=visit.discipline,
        title=visit.title,
        state=EventState.CLOSED,
        external_ref=visit.ref,
    )
