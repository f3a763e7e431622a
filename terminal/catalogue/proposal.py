"""The version that an import would make: the files of the version before, with the imported codes and periods.

Rules: only optics are kept (a code that is known, that stands in title II chapter 2, or whose nature is of optics), and
what is left out is counted. The full base replaces the periods of its codes, our own table is laid over them, day by
day. The definitions of the generic codes (bands, levels) are never changed by an import: they are the law's. A code
that the full base lacks stays as it was, and is named by the comparison. The same file over the same version gives the
same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from terminal.catalogue.catalogue import Catalogue
from terminal.catalogue.official import OPTICS_TREE, Official, OfficialCode, invalid
from terminal.catalogue.version import Version
from terminal.catalogue.version_files import unzipped, version_files, zipped


@dataclass(frozen=True, slots=True)
class Proposal:
    """A version that is not accepted yet: its bytes as one zip, what it says, and how many codes were left out.

    `before` is the digest of the version that it was made after.
    """

    before: str
    content: bytes
    catalogue: Catalogue
    official: Official
    left_out: int


def propose(before: Catalogue, official: Official, effective_from: date | None = None) -> Proposal:
    """The version after `before` with the codes of `official`.

    It covers service dates from `effective_from`; by default from the first day of `before` for the full base, which
    carries its history, and from its own first day for our table. ImportInvalid for a code that cannot be placed.
    """
    kept = [code for code in official.codes if _is_optics(before, code)]
    if not official.whole and len(kept) < len(official.codes):
        strange = next(code for code in official.codes if code not in kept)
        raise invalid(strange.record, "nature", str(strange.code), accepted="V01, VU1, M01, …")
    if not kept:
        raise invalid(1, "no_optics")
    first = effective_from or (before.effective_from if official.whole else _first_day(kept))
    content = zipped(version_files(before, official, kept, max(first, before.effective_from)))
    catalogue = Catalogue(Version(unzipped(content)))
    return Proposal(before.digest, content, catalogue, official, len(official.codes) - len(kept))


def _is_optics(before: Catalogue, code: OfficialCode) -> bool:
    known = code.code in before.data.generics or code.code in before.data.makers or code.code in before.data.closed
    natures = {tariff.nature for tariff in code.tariffs} & before.data.regroupements.keys()
    return known or bool(natures) or (code.tree is not None and code.tree[:2] == OPTICS_TREE)


def _first_day(codes: Iterable[OfficialCode]) -> date:
    return min(tariff.start for code in codes for tariff in code.tariffs)
