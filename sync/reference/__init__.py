"""Reference data by TUF: nomenclature, insurers' directory, profiles, from an address or a USB stick.

Public surface: `Reference` is what a home keeps; `updating.update` takes a newer set (only this part loads python-tuf);
`documents` says what is in a set. Nothing here puts anything in force: a person does, at the counter's command line.
"""

from sync.reference.kept import GoodSet, Reference
from sync.reference.sources import FolderSource, Source

__all__ = ["FolderSource", "GoodSet", "Reference", "Source"]
