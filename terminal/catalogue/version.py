"""The data of one version of the nomenclature, read as they are needed, and the digest that names them for ever.

Rules: the makers' files are large and are read only when such a code is asked for. The digest is over exact bytes,
manifest first; other bytes than those that were accepted are refused. Nothing changes once it is read.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from importlib.resources.abc import Traversable

from terminal.catalogue.maker_rows import MakerCode, maker_code
from terminal.catalogue.rows import closed_code, generic_item, regroupement_label
from terminal.catalogue.tables import Parse, Parsed, data_bytes, read_manifest, read_rows
from terminal.catalogue.tariff_rows import TariffPeriod, tariff_period
from terminal.domain.errors import CatalogueInvalid
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem

GENERIC_TARIFFS = "generic_tariffs.csv"
MAKER_TARIFFS = "maker_tariffs.csv"
Periods = Mapping[LppCode, Sequence[TariffPeriod]]


class Version:
    """The data in `folder`, read as they are needed; CatalogueInvalid when they are damaged.

    `digest` is the one under which the version was kept; other bytes than those are refused.
    """

    def __init__(self, folder: Traversable, digest: str | None = None) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        self._expected = digest
        generics = self._read("generic_codes.csv", generic_item)
        self.generics: Mapping[LppCode, LppItem] = {item.code: item for item in generics}
        if len(self.generics) != len(generics):
            raise CatalogueInvalid("a code twice", file="generic_codes.csv")

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over the manifest and then each data file, byte for byte, in the manifest's order."""
        found = hashlib.sha256(data_bytes(self.folder, self.manifest.rows)).hexdigest()
        if self._expected not in (None, found):
            raise CatalogueInvalid("not the bytes that were accepted", file=str(self._expected))
        return found

    @property
    def dated(self) -> bool:
        """Whether an import gave this version periods of tariffs; its generic codes can end then."""
        return GENERIC_TARIFFS in self.manifest.rows

    @cached_property
    def generic_periods(self) -> Periods:
        """The tariff periods of generic codes, oldest first; empty where nothing was imported."""
        return self._periods(GENERIC_TARIFFS)

    @cached_property
    def maker_periods(self) -> Periods:
        """The tariff periods of all other codes."""
        return self._periods(MAKER_TARIFFS)

    @cached_property
    def makers(self) -> Mapping[LppCode, MakerCode]:
        """The codes that are not of the generic table."""
        makers = self._read("maker_codes.csv", maker_code)
        for row, maker in enumerate(makers, start=1):
            if maker.generic is not None and maker.generic not in self.generics:
                raise CatalogueInvalid("a generic code that is not there", file="maker_codes.csv", row=row)
        return {maker.code: maker for maker in makers}

    @cached_property
    def closed(self) -> Mapping[LppCode, date]:
        """The codes that have ended, with the first day without them."""
        return {closed.code: closed.ended for closed in self._read("closed_codes.csv", closed_code)}

    @cached_property
    def regroupements(self) -> Mapping[str, str]:
        """The regroupement codes of optics with their labels."""
        return dict(self._read("regroupement_codes.csv", regroupement_label))

    def _read(self, name: str, parse: Parse[Parsed]) -> tuple[Parsed, ...]:
        return read_rows(self.folder, self.manifest, name, parse)

    def _periods(self, name: str) -> Periods:
        periods: dict[LppCode, list[TariffPeriod]] = {}
        for period in self._read(name, tariff_period) if name in self.manifest.rows else ():
            periods.setdefault(period.code, []).append(period)
        return {code: sorted(found, key=lambda period: period.start) for code, found in periods.items()}
