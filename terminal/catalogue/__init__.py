"""The nomenclature of optics in force: codes, bands, tariffs as far as they are known, with a digest for every claim.

Public surface: `load_catalogue()` gives the data that the program carries, as a `Catalogue`; `Shelf` keeps every
accepted version of a shop and finds one again by its digest; `CatalogueInForce` follows it while a terminal runs. A
file of tariffs goes `reading.read_official` → `proposal.propose` → `comparison.compare` → `Shelf.accept`. Where the
data come from, how sure they are and what is missing: `data/SOURCE.md`.
"""

from terminal.catalogue.catalogue import Catalogue, load_catalogue
from terminal.catalogue.in_force import CatalogueInForce
from terminal.catalogue.shelf import Shelf

__all__ = ["Catalogue", "CatalogueInForce", "Shelf", "load_catalogue"]
