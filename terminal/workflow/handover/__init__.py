"""A quote from shop software, read once at the edge: `comptoir/quote/v1`, by scanner, file or paste.

Rules: strict: an unknown key, a key twice, another type or another version is refused with the key and never with a
value, so that a quote cannot bring a person, a prescriber or a correction. What is taken is complete: codes are looked
up in the catalogue of the day, and each line agrees with its code. Nothing is kept. README.md beside this file is the
page for the shop software's developer, with a JSON schema.
"""

import datetime
import json
from collections import Counter
from typing import Annotated, Any, Final

import msgspec

from terminal.catalogue import Catalogue
from terminal.domain.errors import DomainError, InputInvalid
from terminal.domain.lines import MAX_LINES, MAX_QUANTITY, Eye, LineInput
from terminal.domain.lpp import ItemClass, ItemKind
from terminal.workflow.handed import HandedLine, HandedQuote
from terminal.workflow.lines import draft_lines, line_inputs
from terminal.workflow.models import shown_for
from terminal.workflow.shapes import MAX_KEY, Part, shaped

SCHEMA: Final = "comptoir/quote/v1"
MOST_SCANNED: Final = 1000
"""Characters of a quote in a code: what a counter scanner reads at once and sends in one message."""
MOST_IN_FILE: Final = 20_000
"""Bytes of a quote in a file, which may be indented."""
HIGHEST_PRICE: Final = 9_999_999
"""Cents; what the price fields of the screen hold."""
_ONE_PER_EYE: Final = ("lens", "contact_lenses")
_BOM: Final = b"\xef\xbb\xbf"


class HandoverTooLong(DomainError):
    """More than `limit` characters, or bytes of a file."""

    code = "handover_too_long"


class HandoverVersion(DomainError):
    """Not a quote of a version that is known here; `accepted` names it."""

    code = "handover_version"


class HandoverLineInvalid(DomainError):
    """A line that contradicts its code or another line; `line` counts from 1, `reason` says how.

    `item` and `class` are not those of the code; `eye` is missing or too much; `quantity` is for contact lenses and
    supplements only; `twice` is said already; `mixed` has glasses and contact lenses.
    """

    code = "handover_line_invalid"


class LinePart(Part, frozen=True):
    """One thing of the quote."""

    item: ItemKind
    lpp_code: Annotated[str, msgspec.Meta(pattern="^[0-9]{7}$")]
    price: Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_PRICE)]
    eye: Eye | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MAX_QUANTITY)] = 1
    class_: ItemClass | None = msgspec.field(name="class", default=None)


class QuotePart(Part, frozen=True):
    """The whole of it. A reference is too short for a NIR and has no letters: it names nobody."""

    schema: str
    lines: Annotated[tuple[LinePart, ...], msgspec.Meta(min_length=1, max_length=MAX_LINES)]
    prescription_date: datetime.date | None = None
    last_equipment_date: datetime.date | None = None
    insurer: Annotated[str, msgspec.Meta(pattern="^[0-9]{8,10}$")] | None = None
    contract: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,40}$")] | None = None
    reference: Annotated[str, msgspec.Meta(pattern="^([0-9][0-9-]{0,11})?$")] = ""


def read_scan(text: str, catalogue: Catalogue) -> HandedQuote:
    """The quote of a code, or of a pasted text. See `read_file` for what is refused."""
    if len(text) > MOST_SCANNED:
        raise HandoverTooLong(limit=MOST_SCANNED)
    return _read(text, catalogue)


def read_file(data: bytes, catalogue: Catalogue) -> HandedQuote:
    """The quote of a file, in UTF-8.

    HandoverTooLong, InputInvalid with the key, HandoverVersion, HandoverLineInvalid, and LppCodeInvalid, LppCodeUnknown
    or LppCodeClosed with the line. `catalogue` is the one in force.
    """
    if len(data) > MOST_IN_FILE:
        raise HandoverTooLong(limit=MOST_IN_FILE)
    try:
        return _read(data.removeprefix(_BOM).decode("utf-8"), catalogue)
    except UnicodeDecodeError as error:
        raise InputInvalid("not UTF-8", key="$", reason="not_json") from error


def _read(text: str, catalogue: Catalogue) -> HandedQuote:
    quote = shaped(_decoded(text), QuotePart)
    if quote.contract is not None and quote.insurer is None:
        raise InputInvalid("a contract of no insurer", key="insurer", reason="missing_key")
    lines = tuple(HandedLine(part.item, part.eye, part.lpp_code, part.price, part.quantity) for part in quote.lines)
    known = line_inputs(lines, catalogue)
    _judge(quote.lines, known)
    model, lens_type = shown_for(draft_lines(lines), catalogue)
    return HandedQuote(
        lines=lines,
        prescription_date=quote.prescription_date,
        last_equipment=quote.last_equipment_date,
        insurer=quote.insurer,
        contract=quote.contract,
        reference=quote.reference,
        model=model,
        lens_type=lens_type,
    )


def _decoded(text: str) -> Any:
    """The JSON value, its version known before its shape is judged."""
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InputInvalid("not JSON", key="$", reason="not_json") from error
    if isinstance(data, dict) and data.get("schema", SCHEMA) != SCHEMA:
        raise HandoverVersion(accepted=SCHEMA)
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys come once (of two prices, nobody could say which is meant) and can be shown."""
    for key, times in Counter(key for key, _ in pairs).items():
        if not (key.isascii() and key.isidentifier()):
            raise InputInvalid("not a key of this format", key="$", reason="unknown_key")
        if times > 1:
            raise InputInvalid("a key twice", key=key[:MAX_KEY], reason="twice")
    return dict(pairs)


def _judge(parts: tuple[LinePart, ...], known: tuple[LineInput, ...]) -> None:
    seen: set[tuple[str, str | None]] = set()
    for number, (part, line) in enumerate(zip(parts, known, strict=True), start=1):
        reason = _fault(part, line) or ("twice" if part.item != "supplement" and (part.item, part.eye) in seen else "")
        if reason:
            raise HandoverLineInvalid(line=number, reason=reason)
        seen.add((part.item, part.eye))
    items = {part.item for part in parts}
    if "contact_lenses" in items and items - {"contact_lenses"}:
        raise HandoverLineInvalid(line=len(parts), reason="mixed")


def _fault(part: LinePart, line: LineInput) -> str:
    """What is wrong with a line by itself, or nothing."""
    if part.item != line.lpp.item:
        return "item"
    if part.class_ is not None and part.class_ != line.lpp.item_class:
        return "class"
    if (part.item in _ONE_PER_EYE and part.eye is None) or (part.item == "frame" and part.eye is not None):
        return "eye"
    return "quantity" if part.quantity > 1 and part.item in ("frame", "lens") else ""
