"""What an operator states of a new insurer: who it is, and what its profile asks for and guarantees.

Rules: the code level is always stated; a profile that names no contract offers the ticket modérateur alone, asks for no
optional field and promises nothing offline. Input is judged here, before any key is made.
"""

import datetime
import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from sync.contract.message import Cents
from sync.contract.profile import PROFILE_SCHEMA, CodeLevel, ContractTerms, FieldGround, Profile, check_profile
from sync.errors import ContractError
from sync.receiver.folder import InsurerSettings

_DEFAULT_CONTRACT: Final = ContractTerms(
    id="ticket-moderateur", label="Ticket modérateur", kind="ticket_moderateur", real_cost=False
)


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part of a profile an operator writes in a file. Amounts in cents."""

    contracts: tuple[ContractTerms, ...] = (_DEFAULT_CONTRACT,)
    fields: tuple[FieldGround, ...] = ()
    offline_ceiling: Cents = 0
    effective: datetime.date | None = None


def parse_settings(stated: dict[str, Any]) -> InsurerSettings:
    """The settings in `stated` (None is left out); ContractError when one is not of the contract's form."""
    given = {name: value for name, value in stated.items() if value is not None}
    try:
        settings = msgspec.convert(given, InsurerSettings)
        urlsplit(settings.endpoint).port  # noqa: B018  # reading it is what checks its range
    except (msgspec.ValidationError, ValueError) as error:
        raise _named(error) from error
    return settings


def parse_terms(text: bytes) -> Terms:
    """The terms in a JSON file; ContractError when they are not of the form."""
    try:
        return msgspec.json.decode(text, type=Terms)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _named(error) from error


def profile_of(settings: InsurerSettings, level: CodeLevel, terms: Terms, today: datetime.date) -> Profile:
    """The first profile of an insurer, in force from `today` unless its terms say otherwise; ContractError."""
    stated = {
        "schema": PROFILE_SCHEMA,
        "insurer": settings.amc,
        "convention": settings.convention,
        "name": settings.name,
        "version": 1,
        "effective": terms.effective or today,
        "code_level": level,
        "contracts": msgspec.to_builtins(terms.contracts),
        "fields": msgspec.to_builtins(terms.fields),
        "hosting": settings.hosting,
        "offline_ceiling": terms.offline_ceiling,
    }
    try:
        return check_profile(msgspec.convert(stated, Profile))
    except msgspec.ValidationError as error:
        raise _named(error) from error


def _named(error: Exception) -> ContractError:
    """What is wrong, with the path of the value (never the value) as a fact."""
    path = re.search(r"`\$\.([^`]*)`$", str(error))
    return ContractError(str(error), field=path[1]) if path else ContractError(str(error))
