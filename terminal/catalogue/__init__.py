"""The nomenclature of optics in force: codes, bands, tariffs as far as they are known, with a digest for every claim.

Public surface: `load_catalogue()` gives the data that the program carries, `home_catalogue(home)` those in force at a
shop, both as a `Catalogue`; `Shelf` keeps every accepted version and finds one again by its digest. A file of tariffs
goes `reading.read_official` → `proposal.propose` → `comparison.compare` → `Shelf.accept`. Where the data come from, how
sure they are and what is missing: `data/SOURCE.md`.
"""

from terminal.catalogue.catalogue import Catalogue, load_catalogue
from terminal.catalogue.shelf import Shelf, home_catalogue

__all__ = ["Catalogue", "Shelf", "home_catalogue", "load_catalogue"]
