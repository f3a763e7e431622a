"""Keys of a French keyboard, as QEMU names the places of an American one.

Rules: pure; only what the tests type. The digits of a French keyboard need Shift.
"""

_PLACES = {"a": "q", "q": "a", "z": "w", "w": "z", "m": "semicolon", " ": "spc", ",": "m"}
_NAMED = {"\r": "ret", "\x1b": "esc", "\t": "tab"}


def places(text: str) -> list[str]:
    """QEMU's name (`sendkey`) for each character of `text`; ValueError for one that is not on the list."""
    return [_place(one) for one in text]


def _place(one: str) -> str:
    if one in _NAMED:
        return _NAMED[one]
    if one.isdigit() and one.isascii():
        return f"shift-{one}"
    if one in _PLACES:
        return _PLACES[one]
    if one.isascii() and one.islower():
        return one
    raise ValueError(f"no place for {one!r}")
