"""A repository of reference data that signs, publishes and, on command, misbehaves.

Rules: everything is in memory, by path, as a folder or a server would hold it; roles are the usual four, root and
targets with three keys of which two must sign; keys come from named seeds, so that the same words make the same keys.
The model is python-tuf's own repository simulator; its source is not.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, MetaFile, Role, Root, Snapshot, TargetFile, Targets, Timestamp

from sync.reference.sources import FileMissing

ROLES = ("root", "timestamp", "snapshot", "targets")
SEVERAL = ("root", "targets")
TIMESTAMP_DAYS = 30


def signer_of(name: str) -> CryptoSigner:
    """The key that this name makes. Whoever knows the name can sign: for tests and demonstrations only."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"comptoir demo key: {name}".encode()).digest())
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key()))


def signers_of(owner: str, role: str) -> tuple[CryptoSigner, ...]:
    """The keys of a role: three where two must sign, else one."""
    count = 3 if role in SEVERAL else 1
    return tuple(signer_of(f"{owner}/{role}/{number}") for number in range(count))


class Repository:
    """The publisher's side. `owner` names the keys; `now` is when it begins."""

    def __init__(self, now: datetime, owner: str = "demo", root_expires: datetime | None = None) -> None:
        self.now = now
        self.files: dict[str, bytes] = {}
        self.signers = {role: signers_of(owner, role) for role in ROLES}
        self.targets, self.snapshot, self.timestamp = (
            Targets(expires=now),
            Snapshot(expires=now),
            Timestamp(expires=now),
        )
        for signed in (self.targets, self.snapshot, self.timestamp):
            signed.version = 0  # each publication raises it
        self.root = Root(
            version=1, expires=root_expires or now + timedelta(days=365), consistent_snapshot=True, roles=_no_keys()
        )
        self._list_keys()
        self.publish_root()

    @property
    def first_root(self) -> bytes:
        """The root that a terminal is given."""
        return self.files["metadata/1.root.json"]

    def publish(self, contents: Mapping[str, bytes] = {}) -> "Repository":
        """A new state with these files added or replaced."""
        for name, content in contents.items():
            target = TargetFile.from_data(name, content, ["sha256"])
            self.targets.targets[name] = target
            folder, slash, last = name.rpartition("/")
            self.files[f"targets/{folder}{slash}{target.hashes['sha256']}.{last}"] = content
        self.targets.version += 1
        self.targets.expires = self.now + timedelta(days=365)
        self.publish_targets()
        self.publish_snapshot()
        self.publish_timestamp()
        return self

    def publish_root(self, signers: Iterable[CryptoSigner] | None = None) -> None:
        """The root as it is now, under its version."""
        self.put("root", self.root, f"{self.root.version}.root.json", signers)

    def publish_targets(self, signers: Iterable[CryptoSigner] | None = None) -> None:
        """The list of files."""
        data = self.put("targets", self.targets, f"{self.targets.version}.targets.json", signers)
        self.snapshot.meta["targets.json"] = MetaFile.from_data(self.targets.version, data, ["sha256"])

    def publish_snapshot(self) -> None:
        """One more snapshot."""
        self.snapshot.version += 1
        self.snapshot.expires = self.now + timedelta(days=365)
        data = self.put("snapshot", self.snapshot, f"{self.snapshot.version}.snapshot.json")
        self.timestamp.snapshot_meta = MetaFile.from_data(self.snapshot.version, data, ["sha256"])

    def publish_timestamp(self) -> None:
        """One more timestamp: the word that this is the newest state."""
        self.timestamp.version += 1
        self.timestamp.expires = self.now + timedelta(days=TIMESTAMP_DAYS)
        self.put("timestamp", self.timestamp, "timestamp.json")

    def put(
        self,
        role: str,
        signed: "Root | Timestamp | Snapshot | Targets",
        name: str,
        signers: Iterable[CryptoSigner] | None = None,
    ) -> bytes:
        """Sign and lay out metadata; the usual signers are as many as must sign."""
        metadata: Metadata[Any] = Metadata(signed)
        usual = self.signers[role][: self.root.roles[role].threshold]
        for signer in usual if signers is None else signers:
            metadata.sign(signer, append=True)
        self.files[f"metadata/{name}"] = data = metadata.to_bytes()
        return data

    def exchange(self, role: str, owner: str) -> None:
        """Other keys for a role, in a root that the former and the new keys of root sign."""
        former = self.signers["root"]
        self.signers[role] = signers_of(owner, role)
        self._list_keys()
        self.root.version += 1
        both = dict.fromkeys((*former[:2], *self.signers["root"][:2]))
        self.publish_root(both)

    def state(self) -> "Published":
        """What a mirror holds now."""
        return Published(dict(self.files))

    def _list_keys(self) -> None:
        self.root.keys.clear()
        self.root.roles.update(_no_keys())
        for role, signers in self.signers.items():
            for signer in signers:
                self.root.add_key(signer.public_key, role)
            self.root.roles[role].threshold = 2 if role in SEVERAL else 1


class Published:
    """A source over files in memory, whose answers may be spoilt by path."""

    name = "repository in memory"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.endless: set[str] = set()
        self.asked: list[str] = []

    def stream(self, path: str) -> Iterator[bytes]:
        """The bytes of a file."""
        self.asked.append(path)
        if path not in self.files:
            raise FileMissing(path)
        yield self.files[path]
        while path in self.endless:
            yield bytes(65_536)

    def path_of(self, ending: str) -> str:
        """The one path with this ending."""
        (found,) = [path for path in self.files if path.endswith(ending)]
        return found


def _no_keys() -> dict[str, Role]:
    return {role: Role([], 1) for role in ROLES}
