"""The services that benefits are about: service types of X12 (code list 1365), and to which a procedure belongs."""

SERVICE_TYPES = {
    "35": "Dental care",
    "23": "Diagnostic dental",
    "41": "Preventive dental",
    "25": "Restorative dental",
    "36": "Dental crowns",
    "26": "Endodontics",
    "24": "Periodontics",
    "39": "Prosthodontics",
    "40": "Oral surgery",
    "38": "Orthodontics",
    "28": "Adjunctive dental services",
    "98": "Office visit",
    "BY": "Office visit: sick",
    "BZ": "Office visit: well",
    "1": "Medical care",
    "2": "Surgical",
    "4": "Diagnostic X-ray",
    "5": "Diagnostic lab",
    "33": "Chiropractic",
    "47": "Hospital",
    "48": "Hospital: inpatient",
    "50": "Hospital: outpatient",
    "86": "Emergency services",
    "88": "Pharmacy",
    "AL": "Vision",
    "MH": "Mental health",
    "UC": "Urgent care",
    "PT": "Physical therapy",
}
"""Code and words of each service type that we know; another is shown by its code."""

ANY_SERVICE = "30"
"""The service type of a plan as a whole."""

OFFICE_VISIT = "98"

DENTAL = "35"

_BY_CDT = {"0": "23", "1": "41", "2": "25", "3": "26", "4": "24", "5": "39", "6": "39", "7": "40", "8": "38", "9": "28"}
"""Dental procedures (D0120) by their first digit."""


def service_name(code: str) -> str:
    """A service type in words."""
    return SERVICE_TYPES.get(code, f"Service type {code}")


def services_of(procedure: str) -> tuple[str, ...]:
    """The service types to which a procedure's code belongs, narrowest first; none when that can't be told."""
    code = procedure.strip().upper()
    if len(code) == 5 and code[0] == "D" and code[1:].isdigit():
        crown = ("36",) if "D2700" <= code <= "D2799" else ()
        return (*crown, _BY_CDT[code[1]], DENTAL)
    if code.isdigit() and "99202" <= code <= "99215" and len(code) == 5:  # evaluation in the office
        return (OFFICE_VISIT,)
    return ()
