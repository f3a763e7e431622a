"""What is signed beside an image: the digest of every file of the result, and what a card that asks by network reads.

Rules: whoever has the certificate checks the signature with openssl alone (the guide says how), then each file by its
digest. The key stays where the bundle's does: outside every image. A signature differs each time it is made, so these
files are no part of what two builds have in common; the digests of the others are.
"""

import hashlib
import json
import shutil
from pathlib import Path

from image.builder.bundle import Signer
from image.builder.tools import Tools

DIGESTS = "comptoir.sha256"
SIGNATURE = f"{DIGESTS}.sig"
CERTIFICATE = "comptoir.crt"
BUNDLE = "comptoir.raucb"
NEWEST = "comptoir.update.json"


def newest(bundle: Path, version: str) -> str:
    """What the host of updates says: the newest version, and the size and digest of its bundle."""
    told = {"version": version, "size": bundle.stat().st_size, "sha256": _digest(bundle)}
    return json.dumps(told) + "\n"


def digests(out: Path) -> str:
    """A line for each file of the result, as sha256sum reads them; the list itself and its signature are left out."""
    files = sorted(path for path in out.iterdir() if path.is_file() and path.name not in (DIGESTS, SIGNATURE))
    return "".join(f"{_digest(path)}  {path.name}\n" for path in files)


def sign(out: Path, version: str, signer: Signer, tools: Tools) -> None:
    """Write into the folder of the result what a card asks for, the certificate, the list and its signature."""
    (out / NEWEST).write_text(newest(out / BUNDLE, version))
    shutil.copyfile(signer.certificate, out / CERTIFICATE)
    (out / DIGESTS).write_text(digests(out))
    key = tools.work / "signing.key"
    key.touch(0o600)
    try:
        shutil.copyfile(signer.key, key)
        tools.run("openssl", "dgst", "-sha256", "-sign", tools.inside(key), "-out", tools.inside(out / SIGNATURE),
                  tools.inside(out / DIGESTS))  # fmt: skip
    finally:
        key.unlink()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
