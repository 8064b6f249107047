"""Words that a chain shows to everybody: addresses, proven by the check that stands in each, and numbers of transfers.

A random key passes such a check less than once in a thousand million times (Polkadot, TON and
Stellar: once in 65,536, at their own length only).
Sources: BIP 173 and 350 (bech32), the Bitcoin wiki (Base58Check; the XRP Ledger's differs in its alphabet), Solana's, Polkadot's, TON's and
Stellar's own descriptions of their addresses.
"""

from __future__ import annotations

import binascii
import re
from base64 import b32decode, urlsafe_b64decode
from hashlib import blake2b, sha256
from typing import Final

#: an address of Ethereum and its kin, or the number of one of their transfers
_HEX: Final = re.compile(r"0[xX](?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
#: a number that programs give to orders and the like; no exchange that is served writes its keys so
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BASE32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_SUMS: Final = {1, 0x2BC830A3}
#: bytes of an address of Solana, which carries no check: no key of an exchange that is served is as long
_POINT: Final = 32
#: bytes of an address of Bitcoin, TRON, Dogecoin, Tezos and the like with its check: a private key has more
_CHECKED: Final = range(24, 29)
#: bytes of an address of Polkadot and its kin
_SS58: Final = (35, 36)
_TON, _STELLAR = 48, 56


def is_public(word: str) -> bool:
    """Tell whether a word is the address of a wallet, or the number of a transfer or order, in a form that no exchange's key has."""
    if _HEX.fullmatch(word) or _UUID.fullmatch(word):
        return True
    return _is_bech32(word) or _is_base58(word) or _is_ton(word) or _is_stellar(word)


def _is_bech32(word: str) -> bool:
    """Tell whether a word is an address like ``bc1…``, ``addr1…``, ``cosmos1…``, or a bill of Lightning."""
    lower = word.lower()
    prefix, one, data = lower.rpartition("1")
    if word not in (lower, word.upper()) or not one or not prefix or set(data) - set(_BASE32):
        return False
    found = 1
    for value in (*(ord(sign) >> 5 for sign in prefix), 0, *(ord(sign) & 31 for sign in prefix), *map(_BASE32.index, data)):
        top, found = found >> 25, (found & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            found ^= generator if top >> bit & 1 else 0
    return found in _SUMS


def _is_base58(word: str) -> bool:
    """Tell whether a word is an address of Bitcoin, TRON, Solana, Polkadot, the XRP Ledger and the like."""
    return any(_is_address(_bytes(word, alphabet)) for alphabet in (_BASE58, _RIPPLE))


def _bytes(word: str, alphabet: str) -> bytes:
    """Return what a word of base 58 stands for; nothing where it is none."""
    if set(word) - set(alphabet):
        return b""
    number = 0
    for sign in word:
        number = number * 58 + alphabet.index(sign)
    zeros = len(word) - len(word.lstrip(alphabet[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _is_address(found: bytes) -> bool:
    body, check = found[:-4], found[-4:]
    if len(found) in _CHECKED and sha256(sha256(body).digest()).digest()[:4] == check:
        return True
    return len(found) == _POINT or (len(found) in _SS58 and blake2b(b"SS58PRE" + found[:-2]).digest()[:2] == found[-2:])


def _is_ton(word: str) -> bool:
    return len(word) == _TON and word[:2] in ("EQ", "UQ", "kQ", "0Q", "Ef", "Uf") and _adds_up(urlsafe_b64decode(word))


def _is_stellar(word: str) -> bool:
    if len(word) != _STELLAR or not re.fullmatch(r"G[A-Z2-7]+", word):
        return False
    found = b32decode(word)
    return _adds_up(found[:-2] + found[:-3:-1])


def _adds_up(found: bytes) -> bool:
    return binascii.crc_hqx(found[:-2], 0) == int.from_bytes(found[-2:], "big")
