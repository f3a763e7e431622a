"""Where packages come from: the machine's own apt settings, turned to the suite of the image.

Rules: no mirror is named here. The entries that serve this machine's own Debian release are taken over with the suite's
name exchanged; what is not Debian's (other vendors, other suites) is left out.
"""

import re
from pathlib import Path

COMPONENTS = ("main", "non-free-firmware")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ENDINGS = ("", "-security", "-updates")
"""The suites of a release; the locked packages come from all three."""
_ONE_LINE = re.compile(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s", re.MULTILINE)
_FIELD = re.compile(r"^(URIs|Suites|Types):[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)


class NoMirror(Exception):
    """The machine's apt settings name no Debian mirror for its own release, or not for all of it."""


def sources(settings: list[str], host: str, suite: str) -> str:
    """Apt's one-line sources for `suite`, made from the texts of the host's settings for its release `host`."""
    served = [(uri, theirs) for text in settings for uri, theirs in _entries(text)]
    ending = {theirs[len(host) :]: uri for uri, theirs in served if theirs in {host + end for end in ENDINGS}}
    if absent := [host + end for end in ENDINGS if end not in ending]:
        raise NoMirror(f"this machine's apt settings name no source for {' and '.join(absent)}: every Debian has these")
    wanted = " ".join(COMPONENTS)
    return "".join(f"deb [signed-by={KEYRING}] {uri} {suite}{end} {wanted}\n" for end, uri in sorted(ending.items()))


def host_settings(etc: Path = Path("/etc")) -> tuple[list[str], str]:
    """The texts of this machine's apt settings, and the name of its Debian release."""
    folder = etc / "apt"
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    texts = [file.read_text("utf-8") for file in files if file.suffix in {".list", ".sources"} and file.is_file()]
    release = re.search(r"^VERSION_CODENAME=(\w+)$", (etc / "os-release").read_text("utf-8"), re.MULTILINE)
    if release is None:
        raise NoMirror("this machine does not say which Debian it is")
    return texts, release[1]


def _entries(text: str) -> list[tuple[str, str]]:
    """(address, suite) of each entry of one file, in either of apt's two forms."""
    found = [(match[1], match[2]) for match in _ONE_LINE.finditer(text)]
    for stanza in re.split(r"\n\s*\n", text):
        fields = {name.lower(): value.split() for name, value in _FIELD.findall(stanza)}
        if "deb" in fields.get("types", ()):
            found += [(uri, suite) for uri in fields.get("uris", ()) for suite in fields.get("suites", ())]
    return found
