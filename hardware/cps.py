"""The professional's card (CPS, CPE) through PKCS#11: who signs, with which key, and how many tries are left.

Rules: keys are chosen by label or by what their certificate is for, and never by the value of CKA_ID, which differs
from one middleware to the next. A certificate and its key are paired by being equal in that attribute, as PKCS#11
says, whatever its value. The last PIN attempt is never spent unless the caller says so. The certificate names its
holder, so it is in no repr. A card in a reader has one user at a time: no APDU session beside this one.
Source: reference on cards, §2; PKCS#11 v2.40.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from hardware.cryptoki import (
    Algorithm,
    Attempts,
    Module,
    StoredCertificate,
    StoredKey,
    TokenSession,
    TokenState,
    public_key_in,
)
from hardware.errors import TokenAbsent, TokenKeyMissing, TokenKeyUnfit

MODULES: Final = (
    Path("/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so"),
    Path("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"),
    Path("/usr/lib/arm-linux-gnueabihf/opensc-pkcs11.so"),
    Path("/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so"),
)
"""Where Debian puts OpenSC, then where the ANS puts its Cryptolib."""


class Role(StrEnum):
    """What a key of the card is for; the values are the labels that ANS and OpenSC give."""

    SIGNATURE = "CPS_PRIV_SIG"
    AUTHENTICATION = "CPS_PRIV_AUT"


_USAGE: Final = "non_repudiation"
"""The usage that only the signature certificate has; the other one is for authentication (`digital_signature`)."""
_AUTHENTICATION: Final = "digital_signature"


@dataclass(frozen=True)
class Signature:
    """A signature as JWS writes it, its algorithm, and the certificate that verifies it, when the card has one."""

    algorithm: Algorithm
    value: bytes = field(repr=False)
    certificate: bytes | None = field(repr=False)


def find_module(paths: Sequence[Path] = MODULES) -> Path | None:
    """The first PKCS#11 module installed, or None."""
    return next((path for path in paths if path.is_file()), None)


def open_cps(module: Module, label: str | None = None) -> "CpsSession":
    """A session with the card; `label` chooses among several tokens. TokenAbsent when there is none, or no one."""
    tokens = [token for token in module.tokens() if label in (None, token.label)]
    if len(tokens) != 1:
        raise TokenAbsent("not one professional card", reason="none" if not tokens else "several")
    return CpsSession(module.session(tokens[0]))


class CpsSession:
    """A session with one professional card."""

    def __init__(self, session: TokenSession) -> None:
        self._session = session

    @property
    def token(self) -> TokenState:
        """Label, attempts left and pin pad, as the card says now; TokenRemoved."""
        return self._session.state()

    @property
    def attempts(self) -> Attempts:
        """The PIN attempts left, to be shown before the PIN is asked for."""
        return self.token.attempts

    @property
    def present(self) -> bool:
        """Whether this very card is still in the reader; to be polled."""
        return self._session.present

    def certificates(self) -> tuple[StoredCertificate, ...]:
        """The certificates, readable without a PIN."""
        return self._session.certificates()

    def login(self, pin: str | None, *, spend_last: bool = False) -> None:
        """Log in; `pin` is None with a pin pad. See TokenSession.login."""
        self._session.login(pin, spend_last=spend_last)

    def sign(self, role: Role, message: bytes) -> Signature:
        """Sign with the key of this role. TokenKeyMissing, TokenLoginRequired, TokenRemoved."""
        certificates = self.certificates()
        key = choose_key(role, self._session.keys(), certificates)
        paired = [item.der for item in certificates if item.pairing == key.pairing and item.pairing]
        return Signature(key.algorithm, self._session.sign(key, message), paired[0] if len(paired) == 1 else None)

    def public_key(self, role: Role = Role.AUTHENTICATION) -> bytes:
        """The public half of the key of this role (SubjectPublicKeyInfo); TokenKeyMissing, TokenKeyUnfit."""
        certificates = self.certificates()
        key = choose_key(role, self._session.keys(), certificates)
        paired = [item.der for item in certificates if item.pairing == key.pairing and item.pairing]
        if len(paired) != 1:
            raise TokenKeyUnfit("this key has no certificate", reason="certificate")
        return public_key_in(paired[0])

    def reproduce(self, material: bytes, role: Role = Role.AUTHENTICATION) -> bytes:
        """The secret that only this card makes of `material`; TokenKeyMissing, TokenKeyUnfit, TokenFault."""
        key = choose_key(role, self._session.keys(), self.certificates())
        return self._session.reproduce(key, material)

    def close(self) -> None:
        """Log out. Never raises."""
        self._session.close()


def choose_key(role: Role, keys: Sequence[StoredKey], certificates: Sequence[StoredCertificate]) -> StoredKey:
    """The one key of this label; without it, the one key whose certificate is for this. TokenKeyMissing."""
    labelled = [key for key in keys if key.label == role.value]
    fitting = labelled or _by_usage(role, keys, certificates)
    if len(fitting) != 1:
        raise TokenKeyMissing("not one key for this", role=role.name.lower(), reason="several" if fitting else "none")
    return fitting[0]


def _by_usage(role: Role, keys: Sequence[StoredKey], certificates: Sequence[StoredCertificate]) -> list[StoredKey]:
    paired = {item.pairing for item in certificates if item.pairing and _is_for(role, item.usages)}
    return [key for key in keys if key.pairing in paired]


def _is_for(role: Role, usages: frozenset[str]) -> bool:
    if role is Role.SIGNATURE:
        return _USAGE in usages
    return _AUTHENTICATION in usages and _USAGE not in usages
