"""A planted person is claimed for through an operator in the middle, who is then searched: disk, memory and log.

Rule: the insurer's profile asks for name and NIR, so the claim does hold them; the opener at the other end is the proof
that the search would find them.
"""

import os
import random
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sync.client import Peers
from sync.decision import Line
from sync.engine import Lines, drain
from terminal.bootstrap import enrol_with
from terminal.cli import demo_insurers
from terminal.cli.demo_insurers import KINDS, DemoInsurer, create_insurer
from tests.integration.counter.test_planted_identity import NIR, SURNAME, everything, hits, serve_planted
from tests.integration.sync.between import RelayProcess, make_relay
from tests.integration.sync.world import now
from tests.shop_fixture import SHOP, NearInsurer, OpenShop, Shop, run_command

BIRTH_DATES = ("1984-05-23", "19840523")
NEEDLES = (SURNAME, NIR[:13], *BIRTH_DATES)
ASKED = [{"field": name, "ground": "essai", "until": "2099-12-31"} for name in ("beneficiary.name", "member.nir")]


@pytest.fixture
def curious(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DemoInsurer:
    """An insurer whose profile asks for name and NIR; it is not up yet."""
    monkeypatch.setitem(demo_insurers.TERMS, "fields", ASKED)
    return create_insurer(tmp_path, KINDS[0], made_as=NearInsurer)


def dump_of(relay: RelayProcess, folder: Path) -> bytes:
    """The memory of a running relay, taken from outside, without the pages that are all zeros."""
    gcore = shutil.which("gcore")
    if gcore is None:
        pytest.fail("gcore is not installed (Debian package gdb; `make setup` installs it)", pytrace=False)
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*sudo, gcore, "-o", str(folder / "core"), str(relay.pid)], capture_output=True, check=True)
    dumped = folder / f"core.{relay.pid}"
    if sudo:
        subprocess.run([*sudo, "chmod", "a+r", str(dumped)], check=True)
    return dumped.read_bytes().replace(bytes(4096), b"")


def test_nothing_of_the_person_is_in_the_middle(open_shop: OpenShop, curious: DemoInsurer, tmp_path: Path) -> None:
    """Packages held, memory dump and log of the relay: 0 hits; the opener reads name, NIR and birth date."""
    curious.start()
    relay = make_relay(tmp_path / "relay", curious).start()
    try:
        shop = open_shop(with_insurers=())
        enrol_with(shop.desk, *replace(curious, endpoint_port=int(relay.origin.rpartition(":")[2])).invite(SHOP))
        carried = sent_by(shop)
        curious.stop()
        held = sent_by(shop)
        core = dump_of(relay, tmp_path)
        kept = everything(relay.folder)
        assert [one["claim_id"] for one in relay.held()] == [held]
    finally:
        relay.stop()
    assert shop.desk.home.outbox.get(carried).state == "acknowledged"
    assert shop.desk.home.outbox.get(held).last_error == "unavailable"
    for seen in (core, kept):
        assert held.encode() in seen, "what was searched must be of the relay that held the claim"
        assert hits(seen, NEEDLES) == []
    assert hits(relay.log.read_bytes(), NEEDLES) == []
    read = run_command("claims", "--dir", str(curious.folder), "--reveal")["claims"]
    assert hits(str(read).encode(), NEEDLES) == [SURNAME, NIR[:13], BIRTH_DATES[0]]


def sent_by(shop: Shop) -> str:
    """The id of a planted claim that was pushed, whether it arrived or not."""
    claim_id, home = serve_planted(shop), shop.desk.home
    lines = Lines({record.amc: Line(confirmed=True) for record in home.insurers.all()})
    with Peers(home.insurers.get, home.tls_key, home.signer) as peers:
        drain(home.outbox, peers, now, random.Random(1), lines=lines)
    return claim_id
