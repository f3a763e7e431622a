"""The opener: reads what was stored, believes nothing of it, and lies where the intake never looks."""

import shutil
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from sync.contract.envelope import Envelope, Package, decode
from sync.crypto.claims import seal_claim
from sync.crypto.sealing import OpeningKey
from sync.errors import InsurerFolderMissing
from sync.receiver.db import Ledger, claims
from sync.receiver.folder import IntakeMaterial, open_intake, open_opener
from sync.receiver.intake import Intake
from sync.receiver.opener import NotOpened, Opened, open_claims
from tests.unit.sync.receiver.visitor import Visitor, claim_message, new_claim_id


def test_the_opener_reads_the_very_claim(intake: Intake, visitor: Visitor, ledger: Ledger, opening: OpeningKey) -> None:
    """What was sealed at the shop is what the opener gives, in the order of the chain, with its signature."""
    packages = [visitor.package() for _ in range(3)]
    for package in packages:
        visitor.push(intake, package)
    ids = [decode(package, Package).envelope.claim_id for package in packages]
    opened = [item for item in open_claims(ledger, opening) if isinstance(item, Opened)]
    assert [item.message for item in opened] == [claim_message(claim_id) for claim_id in ids]
    assert all(visitor.signer.public.verify("comptoir-claim+jws", item.signed.decode()) for item in opened)


def test_a_claim_for_another_shop_is_named(
    intake: Intake, visitor: Visitor, ledger: Ledger, opening: OpeningKey
) -> None:
    """A terminal that signs for a shop it was not enrolled for is accepted by the intake and caught by the opener."""
    assert visitor.push(intake, visitor.package(shop="759999992")).status == 201
    (judged,) = open_claims(ledger, opening)
    assert isinstance(judged, NotOpened)
    assert judged.error == "shop_mismatch"


def test_amounts_that_do_not_add_up_are_named(
    intake: Intake, visitor: Visitor, ledger: Ledger, opening: OpeningKey
) -> None:
    """A line whose shares are not its price is signed and sealed like any other, and caught by the opener."""
    message = claim_message(new_claim_id())
    line = msgspec.structs.replace(message.lines[0], price=3001)
    sealed = seal_claim(msgspec.structs.replace(message, lines=(line,)), visitor.signer, visitor.recipient)
    envelope = decode(sealed.envelope, Envelope)
    assert visitor.push(intake, visitor.pack(envelope, visitor.dispatch_of(envelope))).status == 201
    (judged,) = open_claims(ledger, opening)
    assert isinstance(judged, NotOpened)
    assert judged.error == "contract_invalid"


def test_another_key_opens_nothing(intake: Intake, visitor: Visitor, ledger: Ledger) -> None:
    """With another opening key each claim is reported as sealed to somebody else."""
    visitor.push(intake, visitor.package())
    (judged,) = open_claims(ledger, OpeningKey.generate())
    assert isinstance(judged, NotOpened)
    assert judged.error == "seal_invalid"


def test_a_row_that_was_tampered_with_hides_no_other(
    intake: Intake, visitor: Visitor, ledger: Ledger, opening: OpeningKey
) -> None:
    """One flipped bit in the database makes one claim unreadable, with its code, and leaves the others."""
    packages = [visitor.package() for _ in range(3)]
    for package in packages:
        visitor.push(intake, package)
    at = packages[1].index(b'"sealed":"') + 40
    spoilt = packages[1][:at] + (b"A" if packages[1][at : at + 1] != b"A" else b"B") + packages[1][at + 1 :]
    ledger.write(lambda connection: connection.execute(update(claims).where(claims.c.seq == 2).values(package=spoilt)))
    judged = list(open_claims(ledger, opening))
    assert [type(item) for item in judged] == [Opened, NotOpened, Opened]
    assert isinstance(judged[1], NotOpened)
    assert judged[1].error == "contract_invalid"


def test_the_intake_lives_without_the_opener(insurer_folder: Path, tmp_path: Path, material: IntakeMaterial) -> None:
    """The intake opens from its own folder alone; without the opener's folder only the opener says so."""
    copy = tmp_path / "insurer"
    shutil.copytree(insurer_folder / "intake", copy / "intake")
    assert open_intake(copy).recipients == material.recipients
    with pytest.raises(InsurerFolderMissing):
        open_opener(copy)


def test_no_intake_file_holds_the_opening_key(insurer_folder: Path, opening: OpeningKey) -> None:
    """The seed of the opening key is in no file that the intake reads."""
    files = [path for path in (insurer_folder / "intake").rglob("*") if path.is_file()]
    assert files
    assert not [
        path for path in files if opening.seed in path.read_bytes() or opening.seed.hex().encode() in path.read_bytes()
    ]
