"""What the tests of imports share: the small invented base as files, and a home without imports."""

from collections.abc import Callable
from pathlib import Path

import pytest

from terminal.catalogue import Shelf
from terminal.catalogue.official import Official
from terminal.catalogue.reading import read_official
from tests.vectors.lpp.codes import BASE, Code
from tests.vectors.lpp.nx import Ways, nx_file

ReadNx = Callable[..., Official]


@pytest.fixture
def read_nx_base(tmp_path: Path) -> ReadNx:
    """Write these codes (the invented base unless told otherwise) as NX text, and read them back."""

    def read(codes: tuple[Code, ...] = BASE, ways: Ways = Ways(), edit: Callable[[bytes], bytes] = bytes) -> Official:  # noqa: B008 - frozen
        path = tmp_path / "LPPTOT905"
        path.write_bytes(edit(nx_file(codes, ways)))
        return read_official(path)

    return read


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """The catalogues of an empty home."""
    return Shelf(tmp_path / "home")
