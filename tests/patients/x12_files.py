"""A payer's answer (X12 271) as our own samples say it: one about Ethan Park, and its broken relatives."""

SEGMENTS = [
    "BHT*0022*11*10001234*20261118*1319",
    "HL*1**20*1",
    "NM1*PR*2*BEACON DENTAL INSURANCE*****PI*842610001",
    "HL*2*1*21*1",
    "NM1*1P*2*HARBOR CLINIC*****XX*1999996666",
    "HL*3*2*22*0",
    "TRN*2*93175-012547*9877281234",
    "NM1*IL*1*PARK*ETHAN*J***MI*BD700100",
    "DMG*D8*19900214*M",
    "DTP*346*D8*20260101",
    "DTP*347*D8*20261231",
    "EB*1**30**PPO PLUS",
    "EB*C*IND*30***23*1500.00*****Y".replace("***23", "**PPO PLUS*23"),
    "EB*C*IND*30***29*615.5*****Y",
    "EB*C*FAM*30***23*3000*****Y",
    "EB*G*IND*30***23*5000*****Y",
    "EB*G*IND*30***24*1900*****Y",
    "EB*A*IND*30***27**.2****Y",
    "EB*A*IND*30***27**.4****N",
    "EB*B*IND*98***27*25*****Y",
    "EB*B*IND*98***27*75*****Y",
    "III*ZZ*21",
    "EB*A*IND*36^39***27**.5****Y",
    "EB*B*IND****27*50*****Y*AD:D3310",
    "MSG*PRIOR AUTHORISATION IS NEEDED FOR CROWNS",
    "EB*I*IND*38",
]


def interchange(segments=None, *, kind="271", version="005010X279A1", element="*", end="~", newline="\n"):
    """The segments in an envelope with right counts and numbers."""
    body = list(SEGMENTS if segments is None else segments)
    transaction = [f"ST*{kind}*4321*{version}", *body]
    transaction.append(f"SE*{len(transaction) + 1}*4321")
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BEACON':15}*ZZ*{'HARBOR':15}*261118*1319*^*00501*000000905*0*P*:"
    whole = [isa, f"GS*HB*BEACON*HARBOR*20261118*1319*1*X*{version}", *transaction, "GE*1*1", "IEA*1*000000905"]
    return "".join(f"{one}{end}{newline}" for one in whole).replace("*", element).encode()


def instead(old, new, segments=None):
    """The sample with one segment changed; `new` may be several, or none."""
    rows = list(SEGMENTS if segments is None else segments)
    place = rows.index(old)
    return [*rows[:place], *([new] if isinstance(new, str) else new), *rows[place + 1 :]]
