"""schemathesis against the running receiver on both databases: every check it has, and nothing found.

The signature's three fields are added by the transport, as the certificate is, so they are taken out of the copy of the
OpenAPI file that is tried; the conformance kit attacks them one by one. A generated package is well formed and signed
by nobody, so a positive case may be refused with any code of the contract. COMPTOIR_SOAK=1 asks for ten times as many
examples, and the phase of coverage on PostgreSQL too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import sync.contract
from sync.conformance.kit import Kit, read_letter
from sync.contract.problems import PROBLEMS
from sync.crypto.signing import private_key
from tests.integration.conformance.signing_hooks import FOLDER, SIGNATURE_FIELDS
from tests.integration.sync.world import Insurer
from tests.postgres_fixture import Lender
from tests.unit.sync.receiver.visitor import AMC
from tests.volume import WHOLE, volume

CONTRACT = Path(sync.contract.__file__).parent
EXAMPLES = volume(5, 50)


def enrol_a_terminal(insurer: Insurer, folder: Path) -> None:
    """Leave in `folder` what an enrolled terminal signs and shows."""
    letter = folder / "letter.json"
    letter.write_text(json.dumps(insurer.invite()), "utf-8")
    kit = Kit([read_letter(letter, insurer.endpoint)])
    player = kit.enrolled
    player.push()
    kit.close()
    pem = private_key(player.tls_key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    (folder / "certificate.pem").write_text(player.certificate, "ascii")
    (folder / "authority.pem").write_text(player.entry.authority_pem, "ascii")
    (folder / "device.key").write_bytes(player.signer.to_bytes())
    (folder / "origin").write_text(insurer.endpoint, "ascii")


def without_signature(folder: Path) -> Path:
    """A copy of the contract's OpenAPI file, its schemas beside it, in which no operation names the signature."""
    shutil.copytree(CONTRACT / "schemas", folder / "schemas")
    document: dict[str, Any] = yaml.safe_load((CONTRACT / "openapi.yaml").read_text("utf-8"))
    named = {
        f"#/components/parameters/{name}"
        for name, one in document["components"]["parameters"].items()
        if one["name"].lower() in SIGNATURE_FIELDS
    }
    assert len(named) == len(SIGNATURE_FIELDS)
    for operation in (one for item in document["paths"].values() for one in item.values()):
        parameters = operation.get("parameters", [])
        operation["parameters"] = [one for one in parameters if one.get("$ref") not in named]
    copied = folder / "openapi.yaml"
    copied.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return copied


def tried(folder: Path, document: Path, phases: str) -> str:
    """What schemathesis says of the receiver that is up, when it found nothing."""
    statuses = ["2xx", *sorted({str(kind.status) for kind in PROBLEMS.values()} - {"500", "503"})]
    config = folder / "schemathesis.toml"
    config.write_text(f"[checks.positive_data_acceptance]\nexpected-statuses = {json.dumps(statuses)}\n", "ascii")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", str(document)]
    command += ["--url", (folder / "origin").read_text("ascii"), "--checks", "all", "--phases", phases]
    command += ["--max-examples", str(EXAMPLES), "--seed", "1", "--generation-deterministic", "--continue-on-failure"]
    command += ["--tls-verify", str(folder / "authority.pem"), "--request-cert", str(folder / "certificate.pem")]
    command += ["--request-cert-key", str(folder / "key.pem")]
    hooks = "tests.integration.conformance.signing_hooks"
    environment = {**os.environ, FOLDER: str(folder), "SCHEMATHESIS_HOOKS": hooks, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([*command, "--no-color"], env=environment, cwd=folder, capture_output=True, text=True)  # noqa: PLW1510 - judged below
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_check_passes(tmp_path: Path, request: pytest.FixtureRequest, database: str) -> None:
    """No failure and no error in any operation: statuses, media types, headers, schemas, methods, negative data."""
    if database == "sqlite":
        _try(tmp_path, (), "coverage,fuzzing,stateful")
        return
    lender: Lender = request.getfixturevalue("postgres")
    with lender.bare() as url:
        _try(tmp_path, ("--database", url), "coverage,fuzzing,stateful" if WHOLE else "fuzzing,stateful")


def _try(folder: Path, options: tuple[str, ...], phases: str) -> None:
    insurer = Insurer.make(folder / "insurer", AMC, options=options).start()
    try:
        enrol_a_terminal(insurer, folder)
        document = without_signature(folder)
        said = tried(folder, document, phases)
    finally:
        insurer.close()
    operations = sum(len(item) for item in yaml.safe_load(document.read_text("utf-8"))["paths"].values())
    assert int(re.findall(r"Tested: (\d+)", said)[0]) == operations
    assert int(re.findall(r"(\d+) generated", said)[0]) > 5 * operations
