"""HPKE base mode with randomness that is given: what the product's library draws itself, so that vectors repeat.

Written from RFC 9180, FIPS 203 (ML-KEM-768, encapsulation) and draft-connolly-cfrg-xwing-kem, and used for vectors
only: nothing here runs in constant time.
"""

import hashlib
import hmac
from collections.abc import Sequence
from functools import reduce

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Q, RANK = 3329, 3
ZETAS = [pow(17, int(f"{place:07b}"[::-1], 2), Q) for place in range(128)]
GAMMAS = [pow(17, 2 * int(f"{place:07b}"[::-1], 2) + 1, Q) for place in range(128)]
XWING, X25519 = 0x647A, 0x0020
XWING_LABEL = bytes.fromhex("5c2e2f2f5e5c")

Polynomial = list[int]


def seal(kem: int, public: bytes, info: bytes, plaintext: bytes, randomness: bytes) -> bytes:
    """`enc || ct` with 64 bytes of randomness: 32 for ML-KEM, 32 for the X25519 key of this message."""
    own = X25519PrivateKey.from_private_bytes(randomness[32:])
    sent = own.public_key().public_bytes_raw()
    curve = public[-32:]
    shared = own.exchange(X25519PublicKey.from_public_bytes(curve))
    if kem == XWING:
        lattice, ciphertext = _encapsulate(public[:1184], randomness[:32])
        secret = hashlib.sha3_256(lattice + shared + sent + curve + XWING_LABEL).digest()
        enc = ciphertext + sent
    else:
        suite, enc = b"KEM" + kem.to_bytes(2, "big"), sent
        root = _extract(suite, b"", b"eae_prk", shared)
        secret = _expand(suite, root, b"shared_secret", enc + public, 32)
    key, nonce = _schedule(kem, secret, info)
    return enc + AESGCM(key).encrypt(nonce, plaintext, None)


def _schedule(kem: int, secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    suite = b"HPKE" + kem.to_bytes(2, "big") + b"\x00\x01\x00\x02"
    context = b"\x00" + _extract(suite, b"", b"psk_id_hash", b"") + _extract(suite, b"", b"info_hash", info)
    root = _extract(suite, secret, b"secret", b"")
    return _expand(suite, root, b"key", context, 32), _expand(suite, root, b"base_nonce", context, 12)


def _extract(suite: bytes, salt: bytes, label: bytes, given: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + given, "sha256")


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    told = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(secret, told + b"\x01", "sha256")[:length]


def _encapsulate(public: bytes, message: bytes) -> tuple[bytes, bytes]:
    """Shared secret and ciphertext of ML-KEM-768 for a 32-byte message (FIPS 203, algorithm 17)."""
    vector = [_decode12(public[384 * row : 384 * (row + 1)]) for row in range(RANK)]
    seed = public[384 * RANK :]
    both = hashlib.sha3_512(message + hashlib.sha3_256(public).digest()).digest()
    noise = [_noise(both[32:], number) for number in range(2 * RANK + 1)]
    y = [_ntt(one) for one in noise[:RANK]]
    u = [
        _add(_sum([_multiply(_uniform(seed, row, column), y[column]) for column in range(RANK)]), noise[RANK + row])
        for row in range(RANK)
    ]
    bits = [((message[place >> 3] >> (place & 7)) & 1) * 1665 for place in range(256)]
    v = _add(_add(_sum([_multiply(vector[row], y[row]) for row in range(RANK)]), noise[2 * RANK]), bits)
    return both[:32], b"".join(_compressed(one, 10) for one in u) + _compressed(v, 4)


def _ntt(given: Polynomial) -> Polynomial:
    f, place, half = list(given), 1, 128
    while half >= 2:
        for start in range(0, 256, 2 * half):
            zeta, place = ZETAS[place], place + 1
            for j in range(start, start + half):
                product = zeta * f[j + half] % Q
                f[j], f[j + half] = (f[j] + product) % Q, (f[j] - product) % Q
        half //= 2
    return f


def _inverse(given: Polynomial) -> Polynomial:
    f, place, half = list(given), 127, 2
    while half <= 128:
        for start in range(0, 256, 2 * half):
            zeta, place = ZETAS[place], place - 1
            for j in range(start, start + half):
                low, high = f[j], f[j + half]
                f[j], f[j + half] = (low + high) % Q, zeta * (high - low) % Q
        half *= 2
    return [value * 3303 % Q for value in f]


def _add(f: Polynomial, g: Polynomial) -> Polynomial:
    return [(a + b) % Q for a, b in zip(f, g, strict=True)]


def _sum(parts: Sequence[Polynomial]) -> Polynomial:
    return _inverse(reduce(_add, parts))


def _multiply(f: Polynomial, g: Polynomial) -> Polynomial:
    product = []
    for place, gamma in enumerate(GAMMAS):
        a0, a1, b0, b1 = f[2 * place], f[2 * place + 1], g[2 * place], g[2 * place + 1]
        product += [(a0 * b0 + a1 * b1 * gamma) % Q, (a0 * b1 + a1 * b0) % Q]
    return product


def _decode12(data: bytes) -> Polynomial:
    values = []
    for place in range(0, len(data), 3):
        a, b, c = data[place : place + 3]
        values += [a | (b & 15) << 8, b >> 4 | c << 4]
    return values


def _uniform(seed: bytes, row: int, column: int) -> Polynomial:
    stream = hashlib.shake_128(seed + bytes([row, column])).digest(1680)
    return [value for value in _decode12(stream) if value < Q][:256]


def _noise(seed: bytes, number: int) -> Polynomial:
    data = int.from_bytes(hashlib.shake_256(seed + bytes([number])).digest(128), "little")
    four = [data >> 4 * place & 15 for place in range(256)]
    return [((one & 1) + (one >> 1 & 1) - (one >> 2 & 1) - (one >> 3)) % Q for one in four]


def _compressed(f: Polynomial, bits: int) -> bytes:
    values = [((value << bits) + Q // 2) // Q % (1 << bits) for value in f]
    whole = sum(value << bits * place for place, value in enumerate(values))
    return whole.to_bytes(32 * bits, "little")
