"""What may stand nowhere in the project: words we cannot keep, real people's numbers, where packages come from."""

import re
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

RULES = Path("CONTRIBUTING.md")
RULES_SECTION = re.compile(r"^## Words we never use\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)

ALLOWED_HOSTS = {
    "127.0.0.1",
    "json-schema.org",  # the name of the dialect our schemas are written in
    "localhost",
    "terminology.hl7.org",  # the names of code systems of FHIR
    "ws.gematik.de",  # the name of a namespace in the files of a German card
    "www.apache.org",  # stands in the licence
    "www.textualize.io",  # stands in each picture of a screen, with the next
    "www.w3.org",
}
RESERVED = (".example", ".invalid", ".test", ".localhost")  # RFC 2606: nobody can own them
_HOST = re.compile(r"https?://\[?([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|[0-9a-f:]+)")
_REGISTRY = re.compile(
    r"(?<!pkg:)\bpyp[i]\b|\bpythonhoste[d]\b|\bnpmj[s]\b|\bdeb\.debia[n]\b|--index-ur[l]|--find-link[s]"
)
_NIR = re.compile(
    r"(?<![0-9A-Za-z.])[1-478] ?\d{2} ?(\d{2}) ?(?:\d{2}|2[AB]) ?(\d{3}) ?\d{3}(?: ?\d{2})?(?![0-9A-Za-z])"
)


def _forbidden_words(rules: str) -> list[str]:
    section = RULES_SECTION.search(rules)
    assert section, f"{RULES} has lost its list of words"
    return re.findall(r"^- `(.+)`$", section.group(), re.MULTILINE)


@cache
def _lower(text: str) -> str:
    return text.lower()


def _said(word: str, text: str) -> bool:
    if word.lower() not in _lower(text):
        return False
    flags = 0 if word.isupper() else re.IGNORECASE
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, flags) is not None


def _is_month(text: str) -> bool:
    month = int(text)
    return 1 <= month <= 12 or 20 <= month <= 42 or month >= 50


def _foreign_numbers(text: str) -> list[str]:
    """What looks like a NIR of a commune that exists."""
    return [match.group() for match in _NIR.finditer(text) if _is_month(match.group(1)) and match.group(2) != "999"]


def test_no_word_promises_what_we_cannot_keep(texts: dict[Path, str]) -> None:
    """The words listed in CONTRIBUTING.md stand nowhere else in the project."""
    words = _forbidden_words(texts[RULES])
    assert len(words) >= 7
    elsewhere = texts | {RULES: RULES_SECTION.sub("", texts[RULES])}
    assert [(str(path), word) for path, text in elsewhere.items() for word in words if _said(word, text)] == []


def test_a_promise_is_seen_where_it_stands_alone() -> None:
    """A forbidden word is found as a word in any case, and not inside another one; initials only as capitals."""
    assert _said("harmless", "It is Harmless.")
    assert not _said("harmless", "the unharmless")
    assert _said("OK", "it is OK")
    assert not _said("OK", "ok, a BOOK")


def test_every_number_of_a_person_is_invented(texts: dict[Path, str]) -> None:
    """Whatever looks like a NIR in any file has commune 999, which no commune has."""
    found = {str(path): numbers for path, text in texts.items() if (numbers := _foreign_numbers(text))}
    assert found == {}


@given(st.tuples(*(st.integers(0, 99).map(lambda n: f"{n:02d}") for _ in range(2)), st.sampled_from(["", " "])))
def test_a_number_of_a_real_commune_is_seen(drawn: tuple[str, str, str]) -> None:
    """A NIR of a commune that exists is seen with and without spaces, and one of commune 999 is let through."""
    year, department, space = drawn
    parts = ["2", year, "05", department, "%s", "042", "11"]
    number = space.join(parts)
    assert _foreign_numbers(f"nir={number % '056'};") == [number % "056"]
    assert _foreign_numbers(f"nir={number % '999'};") == []


def test_no_file_names_a_package_source(texts: dict[Path, str]) -> None:
    """No file says where packages come from: that is the machine's configuration, not the project's."""
    assert [str(path) for path, text in texts.items() if _REGISTRY.search(text)] == []


def test_every_address_is_a_known_one(texts: dict[Path, str]) -> None:
    """Each web address is a reserved name, this machine, or a source that the list above names."""
    hosts = {(match.group(1).lower(), str(path)) for path, text in texts.items() for match in _HOST.finditer(text)}
    unknown = {pair for pair in hosts if pair[0] not in ALLOWED_HOSTS and not pair[0].endswith(RESERVED)}
    assert unknown == set()
