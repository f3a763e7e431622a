"""The end of a terminal: the shop's key and data are erased, once no insurer lacks a claim.

Rules: the responsible person's act, and of the shop that is named, so that no other terminal is erased by mistake. A
refusal stands in the access journal; what is erased leaves a statement, signed with the device key before it goes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sync.durable import replace_file
from sync.ending import Head, end_home, require_nothing_lost, statement
from sync.errors import ShopDiffers
from terminal.domain.errors import InputInvalid
from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.workflow.access import attempt
from terminal.workflow.desk import Desk
from terminal.workflow.people import require_role

_WRITTEN = re.compile(r"([0-9]{8,10})=([0-9]{1,18}):([0-9a-fA-F]{64})", re.ASCII)


def written_heads(given: Sequence[str]) -> dict[str, Head]:
    """What insurers gave in writing, as AMC=NUMBER:DIGEST; InputInvalid."""
    found = [_WRITTEN.fullmatch(word.replace(" ", "")) for word in given]
    if None in found:
        raise InputInvalid(key="--head", reason="form")
    return {one[1]: Head(int(one[2]), one[3].lower()) for one in found if one}


def judge_reset(desk: Desk, shop: str, heads: Mapping[str, Head], receipt: Path | None) -> dict[str, Any]:
    """Whether this terminal may be reset, changing nothing; what would be stated, also in the file `receipt`.

    Locked, RoleRefused, ShopDiffers, ClaimsUnsent, ClaimsUnreceived, HeadDiffers, MediumFailed.
    """
    with attempt(desk, Act.KEYS_CHANGED, "reset"):
        _require_meant(desk, shop)
        require_nothing_lost(desk.home, heads)
        told = statement(desk.home, desk.now())
        _write(told, receipt)
    return told


def reset(desk: Desk, shop: str, heads: Mapping[str, Head], receipt: Path | None) -> dict[str, Any]:
    """Erase this terminal's keys, then all the rest; the statement, which is in the file `receipt` before.

    HomeInUse, and the errors of `judge_reset`: nothing is erased.
    """
    with attempt(desk, Act.KEYS_CHANGED, "reset"):
        _require_meant(desk, shop)
        told = statement(desk.home, desk.now())
        end_home(desk.home, heads, lambda _: _write(told, receipt))
    return told


def _require_meant(desk: Desk, shop: str) -> None:
    require_role(desk, Role.RESPONSIBLE)
    if shop.replace(" ", "") != desk.config.shop_am_id:
        raise ShopDiffers("this is another shop's terminal")


def _write(told: Mapping[str, Any], receipt: Path | None) -> None:
    if receipt is not None:
        replace_file(receipt, json.dumps(told, indent=1).encode("ascii") + b"\n")
