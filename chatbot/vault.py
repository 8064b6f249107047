"""Seals exchange keys and opens them again: the one door to ``cryptography``.

A seal is AES-256-GCM under the newest master key of CHATBOT_SECRET_KEYS, with the number of that key in front of it. It is bound to whose
it is: person, exchange and row stand in the data that is authenticated with it, so that a seal copied to another row does not open there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from typing import TYPE_CHECKING

from chatbot.errors import SealBroken, SettingError
from chatbot.model import Credentials
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SETTING = "CHATBOT_SECRET_KEYS"
_VERSION = "s1"
_KEY_BYTES, _NONCE_BYTES = 32, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a sealed key is; a seal opens for nobody else."""

    person_id: int
    exchange: str
    #: number of its row
    key_id: int

    @property
    def bound(self) -> bytes:
        """Return what is authenticated with the seal."""
        return json.dumps(["ballast exchange key", self.person_id, self.exchange, self.key_id]).encode()


def new_master_key() -> str:
    """Return a new master key as it stands in CHATBOT_SECRET_KEYS: 32 random bytes in 43 characters."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode().rstrip("=")


def number_of(sealed: str) -> str:
    """Return the number of the master key that a text was sealed under; empty where it is none of our seals."""
    version, _, rest = sealed.partition(".")
    return rest.partition(".")[0] if version == _VERSION else ""


class Vault:
    """Holds the master keys, newest first; without any it seals and opens nothing."""

    def __init__(self, master_keys: Sequence[str] = ()) -> None:
        """Read the keys as they are written in the setting; raises :class:`SettingError` for what is none."""
        decoded = [_decoded(one) for one in master_keys]
        self._newest = _number(decoded[0]) if decoded else ""
        self._keys: dict[str, AESGCM] = {}
        if decoded:
            from cryptography.hazmat.primitives.ciphers import aead  # noqa: PLC0415 - who connects nothing need not load it

            self._keys = {_number(one): aead.AESGCM(one) for one in decoded}

    def __bool__(self) -> bool:
        """Tell whether anything can be sealed."""
        return bool(self._keys)

    def seal(self, credentials: Credentials, owner: Owner) -> str:
        """Seal under the newest master key; two seals of the same are never alike."""
        return self._sealed(_written(credentials), owner.bound)

    def open(self, sealed: str, owner: Owner) -> Credentials:
        """Open a seal; raises :class:`SealBroken` where it is another owner's, was changed, or its master key is not there."""
        return _read(self._opened(sealed, owner.bound, f"key {owner.key_id}"))

    def seal_words(self, words: str, update_id: int) -> str:
        """Seal what somebody has typed, for as long as it waits to be read; it opens for its update alone."""
        return self._sealed(words.encode(), _bound_to_update(update_id))

    def open_words(self, sealed: str, update_id: int) -> str:
        """Open what :meth:`seal_words` has sealed; raises as :meth:`open`."""
        return self._opened(sealed, _bound_to_update(update_id), f"update {update_id}").decode()

    def _sealed(self, text: bytes, bound: bytes) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        box = self._keys[self._newest].encrypt(nonce, text, bound)
        return f"{_VERSION}.{self._newest}.{base64.urlsafe_b64encode(nonce + box).decode()}"

    def _opened(self, sealed: str, bound: bytes, what: str) -> bytes:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

        key = self._keys.get(number_of(sealed))
        if key is None:
            raise SealBroken(f"{what}: its master key {number_of(sealed)!r} is not in {SETTING}")
        try:
            box = base64.b64decode(sealed.rpartition(".")[2], altchars=b"-_", validate=True)
            return key.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], bound)
        except (InvalidTag, binascii.Error, ValueError):
            raise SealBroken(f"{what}: its seal was changed, or belongs to another row") from None

    def is_newest(self, sealed: str) -> bool:
        """Tell whether a text is sealed under the newest master key."""
        return bool(self._keys) and number_of(sealed) == self._newest

    def unknown(self, seals: Collection[str]) -> tuple[str, ...]:
        """Return the seals whose master key is not there."""
        return tuple(one for one in seals if number_of(one) not in self._keys)


def refuse_lost(vault: Vault, seals: Collection[str]) -> None:
    """Raise :class:`SettingError`, with the cure, where exchange keys are stored whose master key is not in the setting."""
    lost = vault.unknown(seals)
    if lost:
        numbers = ", ".join(sorted({number_of(one) or "?" for one in lost}))
        raise SettingError(
            SETTING,
            f"{len(lost)} stored exchange key(s) were sealed with a master key that is not in it (number {numbers}); put that one back,"
            " behind the newest. If it is lost for good, `python -m chatbot keys forget` deletes what nobody can open any more, and"
            " their owners connect again",
        )


def _bound_to_update(update_id: int) -> bytes:
    return json.dumps(["ballast words of an update", update_id]).encode()


def _number(key: bytes) -> str:
    """Return the number of a master key, which tells nothing of it."""
    return hashlib.sha256(b"number of a master key of Ballast's" + key).hexdigest()[:8]


def _decoded(written: str) -> bytes:
    try:
        key = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise SettingError(SETTING, "this is no list of master keys; `python -m chatbot keys new` makes one, 43 characters each")
    return key


def _written(credentials: Credentials) -> bytes:
    third = [credentials.passphrase] if credentials.passphrase else []
    return json.dumps([credentials.api_key, credentials.secret, *third]).encode()


def _read(text: bytes) -> Credentials:
    api_key, secret, *third = json.loads(text)
    return Credentials(api_key=api_key, secret=secret, passphrase=third[0] if third else "")
