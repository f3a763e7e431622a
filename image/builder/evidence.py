"""What lies beside an image, so that somebody else can judge it: the parts it is made of, and every file in its root.

Rules: pure but for reading the tree; nothing in it depends on the day or the machine. The parts are written as a
CycloneDX 1.6 document, with a package URL and the SHA-256 of what was unpacked for each.
"""

import hashlib
import json
import re
import stat
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from image.builder.lock import Package

_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_NAMESPACE = uuid.UUID("6f0e1c9a-3f5f-5a57-9d0c-0d4b1b2c9a01")


def bill_of_materials(packages: Iterable[Package], requirements: str, version: str, root_hash: str, epoch: int) -> str:
    """The CycloneDX document of an image whose root has this digest; `requirements` is the text with the pins."""
    parts = [_debian(one) for one in sorted(packages)] + [_python(*pin) for pin in sorted(_PIN.findall(requirements))]
    card = {"type": "operating-system", "name": "comptoir-image", "version": version, "bom-ref": "comptoir-image",
            "hashes": [{"alg": "SHA-256", "content": root_hash}]}  # fmt: skip
    body = {"components": parts, "dependencies": [
        {"ref": "comptoir-image", "dependsOn": [part["bom-ref"] for part in parts]}]}  # fmt: skip
    number = uuid.uuid5(_NAMESPACE, json.dumps([card, body], sort_keys=True))
    stamp = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": f"urn:uuid:{number}",
        "metadata": {"timestamp": stamp, "component": card}, **body,
    }  # fmt: skip
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _debian(package: Package) -> dict[str, Any]:
    version = package.version.replace("+", "%2B").replace(":", "%3A")
    url = f"pkg:deb/debian/{package.name.replace('+', '%2B')}@{version}?arch={package.arch}&distro=debian-13"
    hashes = [{"alg": "SHA-256", "content": package.sha256}]
    return {"type": "library", "bom-ref": url, "name": package.name, "version": package.version, "purl": url,
            "hashes": hashes}  # fmt: skip


def _python(name: str, version: str) -> dict[str, Any]:
    url = f"pkg:pypi/{name}@{version}"
    return {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}


def list_of_files(root: Path, excluded: Iterable[str]) -> Iterator[str]:
    """One line for each file that is packed: mode, owner, group, size, digest or target, path; sorted by path."""
    leave_out = re.compile("|".join(f"(?:{one})" for one in excluded))
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if leave_out.search(name):
            continue
        known = path.lstat()
        yield f"{stat.filemode(known.st_mode)} {known.st_uid} {known.st_gid} {_content(path, known.st_mode)} {name}"


def _content(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return f"-> {path.readlink()}"
    if stat.S_ISREG(mode):
        data = path.read_bytes()
        return f"{len(data)} {hashlib.sha256(data).hexdigest()}"
    return "-"
