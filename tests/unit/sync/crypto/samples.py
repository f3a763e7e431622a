"""Invented claims for the tests of sealing: nobody in them exists."""

import datetime

from hypothesis import strategies as st

from sync.contract.message import Beneficiary, ClaimMessage, Evidence, Item, Line, Member, Pec, Tables

CLAIM_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
INSURER = "12345678"
ITEMS: tuple[Item, ...] = ("frame", "lens", "supplement", "contact_lenses")


def message(claim_id: str = CLAIM_ID, *, insurer: str = INSURER, lines: int = 3, evidence: int = 0) -> ClaimMessage:
    """A claim of some lines for an invented member."""
    return ClaimMessage(
        schema="comptoir/claim/v1",
        claim_id=claim_id,
        kind="claim",
        insurer=insurer,
        convention="TP",
        csr="A1",
        shop="752612345",
        member=Member(kind="pseudonym", value="ab" * 32),
        beneficiary=Beneficiary(birth_date="1984-05-17", rank=1),
        service_date=datetime.date(2026, 11, 20),
        amo_rate=60,
        lines=tuple(
            Line(item="frame", code="2223342", quantity=1, price=3000, base=900, amo=540, amc=2460, reste_a_charge=0)
            for _ in range(lines)
        ),
        evidence=tuple(Evidence(name="lpp_code", line=line, commitment="0" * 64) for line in range(evidence)),
        tables=Tables(catalogue="1" * 64, profile="2" * 64),
    )


_digests = st.text("0123456789abcdef", min_size=64, max_size=64)
_cents = st.integers(0, 10_000_000)
_lines = st.builds(
    Line,
    item=st.sampled_from(ITEMS),
    code=st.sampled_from(["2223342", "V01", "VM7"]),
    quantity=st.integers(1, 9),
    price=_cents,
    base=_cents,
    amo=_cents,
    amc=_cents,
    reste_a_charge=_cents,
    eye=st.sampled_from([None, "right", "left"]),
)

messages = st.builds(
    ClaimMessage,
    schema=st.just("comptoir/claim/v1"),
    claim_id=st.just(CLAIM_ID),
    kind=st.sampled_from(["claim", "preauthorisation", "correction", "cancellation"]),
    insurer=st.from_regex(r"[0-9]{8,10}", fullmatch=True, alphabet="0123456789"),
    convention=st.sampled_from(["TP", "OC", "K-1"]),
    csr=st.sampled_from([None, "A1", "0000"]),
    shop=st.just("752612345"),
    member=st.builds(Member, kind=st.just("adherent"), value=st.from_regex(r"[0-9A-Za-z-]{1,64}", fullmatch=True)),
    beneficiary=st.builds(
        Beneficiary, birth_date=st.just("1926-02-31"), rank=st.integers(1, 9), name=st.none() | st.text(max_size=80)
    ),
    service_date=st.dates(datetime.date(2020, 1, 1), datetime.date(2040, 1, 1)),
    amo_rate=st.integers(0, 100),
    lines=st.lists(_lines, min_size=1, max_size=6).map(tuple),
    evidence=st.lists(
        st.builds(Evidence, name=st.just("lpp_code"), line=st.integers(0, 20), commitment=_digests), max_size=3
    ).map(tuple),
    pec=st.none() | st.builds(Pec, number=st.just("PEC-7"), date=st.dates()),
    tables=st.builds(Tables, catalogue=_digests, profile=_digests),
)
"""Claims of every form the schema allows, up to six lines."""
