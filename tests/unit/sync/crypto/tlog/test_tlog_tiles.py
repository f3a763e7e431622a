"""Names of tiles have one spelling, and bundles hold entries whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.crypto.tlog import Tile, entries_in, read_tile_path
from sync.crypto.tlog.tiles import bundle
from sync.errors import ContractError


@given(level=st.sampled_from([None, *range(8)]), index=st.integers(0, 10**12), width=st.integers(1, 256))
def test_a_name_comes_back(level: int | None, index: int, width: int) -> None:
    """Every tile has a name, and the name names it."""
    tile = Tile(level, index, width)
    assert read_tile_path(tile.path) == tile


def test_names_are_those_of_the_specification() -> None:
    """The examples of c2sp.org/tlog-tiles."""
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(None, 5, 7).path == "tile/entries/005.p/7"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/5",
        "tile/8/005",
        "tile/00/005",
        "tile/0/x000/005",
        "tile/0/005.p/0",
        "tile/0/005.p/256",
        "tile/0/005.p/07",
        "tile/0/../checkpoint",
        "tile/0/005/",
        "tile/0/٠٠٥",
        "tile/data/005",
        "checkpoint",
        "",
    ],
)
def test_other_names_are_none(path: str) -> None:
    """A second spelling, or a way out of the folder, names no tile."""
    with pytest.raises(ContractError):
        read_tile_path(path)


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(1, 3))
def test_a_bundle_comes_back_unless_it_is_cut(entries: list[bytes], cut: int) -> None:
    """Entries come out as they went in; the bytes after a cut are missed."""
    data = bundle(entries)
    assert entries_in(data) == tuple(entries)
    if len(data) > cut and len(entries[-1]) >= cut:
        with pytest.raises(ContractError):
            entries_in(data[:-cut])
