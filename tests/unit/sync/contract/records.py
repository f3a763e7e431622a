"""Hypothesis strategies for the records of the contract: valid ones, whose persons are nobody."""

import datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from sync.contract.message import ClaimMessage

CENTS = st.integers(0, 10_000_000)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)
KID = st.text("ABCxyz019-_", min_size=43, max_size=43)
ROUTING = st.text("AZ09-", min_size=1, max_size=10)
INSURER = st.text("0123456789", min_size=8, max_size=10)
DATE = st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)).map(datetime.date.isoformat)
CLAIM_ID = st.uuids(version=4).map(lambda value: f"{str(value)[:14]}7{str(value)[15:]}")

LINE = st.fixed_dictionaries(
    {
        "item": st.sampled_from(["frame", "lens", "supplement", "contact_lenses"]),
        "code": st.one_of(st.from_regex(r"[0-9]{7}", fullmatch=True), st.sampled_from(["V01", "VM7", "MAA"])),
        "quantity": st.integers(1, 9),
        "price": CENTS,
        "base": CENTS,
        "amo": CENTS,
        "amc": CENTS,
        "reste_a_charge": CENTS,
    },
    optional={"eye": st.sampled_from(["right", "left"])},
)
EVIDENCE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["lpp_code", "order_reference"]),
        "line": st.integers(0, 20),
        "commitment": DIGEST,
    }
)
CLAIM: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "schema": st.just("comptoir/claim/v1"),
        "claim_id": CLAIM_ID,
        "kind": st.sampled_from(["claim", "preauthorisation", "correction", "cancellation"]),
        "insurer": INSURER,
        "convention": ROUTING,
        "shop": st.text("0123456789", min_size=9, max_size=9),
        "member": st.fixed_dictionaries(
            {"kind": st.sampled_from(["adherent", "pseudonym"]), "value": st.text("aZ0-", min_size=1, max_size=64)}
        ),
        "beneficiary": st.fixed_dictionaries(
            {"birth_date": st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True), "rank": st.integers(1, 9)},
            optional={"name": st.text(st.characters(exclude_categories=["Cs"]), max_size=80)},
        ),
        "service_date": DATE,
        "amo_rate": st.integers(0, 100),
        "lines": st.lists(LINE, min_size=1, max_size=4),
        "tables": st.fixed_dictionaries({"catalogue": DIGEST, "profile": DIGEST}),
    },
    optional={
        "csr": ROUTING,
        "pec": st.fixed_dictionaries({"number": st.text("aZ0-", min_size=1, max_size=30), "date": DATE}),
        "supersedes": CLAIM_ID,
        "early_renewal": st.booleans(),
        "last_equipment_date": DATE,
        "evidence": st.lists(EVIDENCE, min_size=1, max_size=3),
    },
)
MESSAGE = CLAIM.map(lambda plain: msgspec.convert(plain, ClaimMessage))
