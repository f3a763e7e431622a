"""Every page of an SQLCipher file and of its log in clear: what somebody with the key finds, free space included.

SQLCipher 4: pages of 4096 bytes, the last 80 of each an IV (16) and an HMAC (64); AES-256-CBC; a raw key is the page
key; the first 16 bytes of the main file are a salt. A log has a header of 32 bytes, and 24 before each page.
"""

from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE, RESERVED, SALT, IV = 4096, 80, 16, 16


def decrypted(store: Path, key: bytes) -> bytes:
    """All pages of the main file and of the log, in clear."""
    main, log = store.read_bytes(), store.with_name(store.name + "-wal")
    pages = [_page(main[at : at + PAGE], key, SALT if at == 0 else 0) for at in range(0, len(main), PAGE)]
    raw = log.read_bytes() if log.exists() else b""
    for at in range(32, len(raw), 24 + PAGE):
        number = int.from_bytes(raw[at : at + 4], "big")
        pages.append(_page(raw[at + 24 : at + 24 + PAGE], key, SALT if number == 1 else 0))
    return b"".join(pages)


def _page(page: bytes, key: bytes, salt: int) -> bytes:
    iv = page[PAGE - RESERVED : PAGE - RESERVED + IV]
    opened = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return opened.update(page[salt : PAGE - RESERVED]) + opened.finalize()
