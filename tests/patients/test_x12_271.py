"""Reading a payer's answer: what it says, and a clear refusal of everything else."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpay.patients.eligibility.services import Said
from clinicpay.patients.eligibility.x12 import X12Error
from clinicpay.patients.eligibility.x12_271 import LONGEST, read_271
from clinicpay.patients.models import Patient
from tests.patients.x12_files import SEGMENTS, instead, interchange


def person(first, last, born):
    """A patient of no clinic: the reader asks nothing but who it is."""
    return Patient(clinic_id=1, first_name=first, last_name=last, birth_date=born)


ETHAN = person("Ethan", "Park", date(1990, 2, 14))


def read(data, patient=ETHAN):
    return read_271(data, patient, "USD")


def test_everything_that_the_file_says():
    answer = read(interchange())
    assert (answer.payer, answer.plan, answer.active) == ("BEACON DENTAL INSURANCE", "PPO PLUS", True)
    assert (answer.member_number, answer.checked_on, answer.source) == ("BD700100", date(2026, 11, 18), "x12")
    assert (answer.plan_begins, answer.plan_ends) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (answer.deductible, answer.deductible_left) == (150_000, 61_550)
    assert (answer.out_of_pocket, answer.out_of_pocket_left) == (500_000, 310_000)
    assert answer.benefits == [
        Said("any", coinsurance=2_000, network="in"),
        Said("any", coinsurance=4_000, network="out"),
        Said("service", "98", copay=2_500, network="in"),
        Said("service", "36", coinsurance=5_000, network="in"),
        Said("service", "39", coinsurance=5_000, network="in"),
        Said("procedure", "D3310", copay=5_000, network="in"),
    ]
    assert answer.notes.splitlines() == ["PRIOR AUTHORISATION IS NEEDED FOR CROWNS", "Not covered: Orthodontics"]


def test_copay_and_co_insurance_of_one_service_are_one_benefit():
    both = ["EB*1**30", "EB*A*IND*30***27**.2****Y", "EB*B*IND*30***27*15*****Y"]
    answer = read(interchange([*SEGMENTS[:11], *both]))
    assert answer.benefits == [Said("any", copay=1_500, coinsurance=2_000, network="in")]


@pytest.mark.parametrize(
    "layout", [{"newline": ""}, {"newline": "\r\n"}, {"element": "|"}, {"end": "\n", "newline": ""}]
)
def test_delimiters_are_those_of_the_first_segment(layout):
    assert read(interchange(**layout)) == read(interchange())


def test_inactive_plan():
    assert not read(interchange(instead("EB*1**30**PPO PLUS", "EB*6**30**PPO PLUS"))).active


def test_dependent_is_who_is_asked_about():
    child = [*instead("NM1*IL*1*PARK*ETHAN*J***MI*BD700100", "NM1*IL*1*PARK*SOOJIN****MI*BD700100")]
    child = instead(
        "DMG*D8*19900214*M", ["DMG*D8*19600214*F", "HL*4*3*23*0", "NM1*03*1*PARK*ETHAN", "DMG*D8*19900214"], child
    )
    assert read(interchange(child)).member_number == "BD700100"


@pytest.mark.parametrize(("first", "last"), [("Ethan James", "Park"), ("Éthan", "Pàrk")])
def test_name_is_compared_without_accents_and_middle_names(first, last):
    assert read(interchange(), person(first, last, date(1990, 2, 14))).active


OTHERS = {
    "not X12": (b"%PDF-1.7 something", "does not begin with ISA"),
    "empty": (b"", "does not begin with ISA"),
    "text": ("ISA*Müller".encode("latin-1"), "characters that X12 does not have"),
    "binary": (interchange().replace(b"PPO", b"P\0O"), "characters that X12 does not have"),
    "a question": (interchange(kind="270"), "a question to a payer"),
    "a remittance": (interchange(kind="835"), "a remittance"),
    "another kind": (interchange(kind="277"), "an X12 file of kind 277"),
    "an old version": (interchange(version="004010X092A1"), "version 004010X092A1"),
    "cut off at the start": (interchange()[:90], "cut off within its first segment"),
    "cut off in a segment": (interchange()[:700], "its last segment has no end"),
    "cut off after a segment": (interchange().split(b"SE*")[0], "no whole functional group"),
    "a segment lost": (
        interchange().replace(b"HL*1**20*1~\n", b""),
        "Segments are missing: the file counts 28, not 27",
    ),
    "other numbers": (interchange().replace(b"IEA*1*000000905", b"IEA*1*000000906"), "numbers of its beginning"),
    "a first segment of another length": (
        interchange().replace(b"BEACON   ", b"BEACON ", 1),
        "not as long as X12 wants",
    ),
    "two transactions": (interchange(["EB*1**30~SE*3*4321~ST*271*4322*005010X279A1"]), "holds 2 transactions"),
    "two people": (interchange(instead("HL*3*2*22*0", ["HL*3*2*22*0", "HL*4*2*22*0"])), "about 2 people"),
    "no benefits": (interchange(SEGMENTS[:11]), "says nothing about benefits"),
    "no status": (interchange(instead("EB*1**30**PPO PLUS", [])), "does not say whether the plan is active"),
    "a refusal": (interchange(instead("EB*1**30**PPO PLUS", "AAA*N**75*C")), "does not know this member"),
    "nobody": (interchange(instead("DMG*D8*19900214*M", [])), "does not name a person with a date of birth"),
    "a bad date": (interchange(instead("DMG*D8*19900214*M", "DMG*D8*19901340")), "no valid date: “19901340”"),
    "a bad amount": (
        interchange(instead("EB*B*IND*98***27*25*****Y", "EB*B*IND*98***27*2x")),
        "no valid amount: “2x”",
    ),
    "a negative amount": (
        interchange(instead("EB*B*IND*98***27*25*****Y", "EB*B*IND*98***27*-2")),
        "no valid amount",
    ),
    "a bad share": (
        interchange(instead("EB*A*IND*30***27**.2****Y", "EB*A*IND*30***27**20")),
        "no valid co-insurance",
    ),
    "too fine a share": (
        interchange(instead("EB*A*IND*30***27**.2****Y", "EB*A*IND*30***27**.33333")),
        "co-insurance",
    ),
    "no answer's date": (interchange(instead(SEGMENTS[0], "BHT*0022*11*1")), "no valid date of the answer"),
    "huge": (b"I" * (LONGEST + 1), "too large"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_file_is_refused_in_words(name):
    data, words = OTHERS[name]
    with pytest.raises(X12Error, match=words):
        read(data)


@pytest.mark.parametrize(
    ("patient", "words"),
    [
        (
            person("Maya", "Park", date(1990, 2, 14)),
            "about ETHAN PARK, born 1990-02-14",
        ),
        (person("Ethan", "Parker", date(1990, 2, 14)), "This patient is Ethan Parker"),
        (person("Ethan", "Park", date(1990, 2, 15)), "born 1990-02-15"),
        (person("Ethan", "Park", None), "Enter Ethan Park’s date of birth first"),
    ],
)
def test_file_about_somebody_else_is_refused(patient, words):
    with pytest.raises(X12Error, match=words):
        read(interchange(), patient)


@given(
    st.binary(max_size=200) | st.builds(lambda cut, more: interchange()[:cut] + more, st.integers(0, 1200), st.binary())
)
def test_no_file_at_all_breaks_the_reader(data):
    with suppress(X12Error):
        read(data)


@given(st.integers(106, 1100), st.integers(32, 126))
def test_a_changed_letter_is_read_or_refused(place, letter):
    data = bytearray(interchange())
    data[place % len(data)] = letter
    with suppress(X12Error):
        read(bytes(data))
