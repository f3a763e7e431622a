"""A day's settlement as a file: signed inside, sealed to the shop key, signed again outside.

Rules: the lines are padded to a multiple of 4 KiB, so that the file's size tells their number only roughly; `info` is a
label and the canonical clear header. Whoever holds the file learns insurer, terminal and day; who has the shop key the
lines.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from sync.contract.envelope import decode, encode
from sync.contract.settlement import (
    SETTLEMENT_FILE_TYP,
    SETTLEMENT_LABEL,
    SETTLEMENT_TYP,
    Settlement,
    SettlementFile,
    SettlementHeader,
    check_settlement,
)
from sync.crypto import base64url
from sync.crypto.sealing import OpeningKey, SealingKey
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import ContractError, SealInvalid, SignatureInvalid

_BLOCK: Final = 4096
_MARK: Final = b"\x80"


def seal_settlement(settlement: Settlement, events: Sequence[str], signer: SigningKey, recipient: SealingKey) -> str:
    """The file (JWS compact) that carries a settlement and events to the shop with the key `recipient`."""
    inner = signer.sign(SETTLEMENT_TYP, encode(check_settlement(settlement))).encode("ascii")
    header = SettlementHeader(
        schema="comptoir/settlement-file/v1",
        insurer=settlement.insurer,
        device=settlement.device,
        day=settlement.day,
        recipient=recipient.kid,
        suite=recipient.suite,
    )
    sealed = base64url.to_text(recipient.seal(_padded(inner), SETTLEMENT_LABEL + encode(header)))
    file = SettlementFile(**msgspec.structs.asdict(header), sealed=sealed, events=tuple(events))
    return signer.sign(SETTLEMENT_FILE_TYP, encode(file))


def read_settlement_file(text: str, verifiers: Iterable[VerifyingKey]) -> SettlementFile:
    """What a file says in clear; SignatureInvalid, ContractError."""
    return decode(_verified(SETTLEMENT_FILE_TYP, text, verifiers), SettlementFile)


def open_settlement(file: SettlementFile, opening: OpeningKey, verifiers: Iterable[VerifyingKey]) -> Settlement:
    """The lines of a file; SealInvalid, SignatureInvalid, ContractError."""
    if (file.recipient, file.suite) != (opening.public.kid, opening.public.suite):
        raise SealInvalid("sealed to another key")
    padded = opening.open(base64url.to_bytes(file.sealed), SETTLEMENT_LABEL + encode(file.header()))
    inner = _unpadded(padded).decode("ascii", "replace")
    settlement = check_settlement(decode(_verified(SETTLEMENT_TYP, inner, verifiers), Settlement))
    if (settlement.insurer, settlement.device, settlement.day) != (file.insurer, file.device, file.day):
        raise ContractError("file and settlement disagree")
    return settlement


def _padded(data: bytes) -> bytes:
    marked = data + _MARK
    return marked + bytes(-len(marked) % _BLOCK)


def _unpadded(padded: bytes) -> bytes:
    data, mark, rest = padded.rpartition(_MARK)
    if not mark or rest.strip(b"\x00") or _padded(data) != padded:
        raise ContractError("not padded as the contract says")
    return data


def _verified(typ: str, signed: str, verifiers: Iterable[VerifyingKey]) -> bytes:
    for key in verifiers:
        with suppress(SignatureInvalid):
            return key.verify(typ, signed)
    raise SignatureInvalid("no key of the insurer made this signature")
