"""What personal data is sealed with. Owns the sealed forms (AES-GCM), which key they stand under, and the marks by
which equal things are recognised without keeping them readable.

Two forms. A *thing* (quarantine, a door code) has a fresh key of its own, itself sealed with the data key: whoever
destroys the thing's key has destroyed the thing, in this database. A *value* of a column is sealed with a key derived
from the data key for its branch, and says which one: it is read in lists of thousands.
"""

import hmac
import os
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE, _ID = 12, 4
#: How a sealed value begins; neither JSON nor a text of ours does.
SEALED = b"\x01"
#: Before the key of the marks, where several keys are given.
MARKS = "marks:"


class Unreadable(Exception):
    """Sealed with another data key, bound to something else, or changed since."""


class BadKeys(ValueError):
    """No list of keys; the text says what is wrong with it, and quotes no key."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed thing and its own key, sealed too."""

    box: bytes
    wrapped: bytes


class _Key:
    """One data key and what is derived from it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self.id = _derived(secret, b"name")[:_ID]
        self.wrapping = AESGCM(_derived(secret, b"wrapping"))
        self._columns: dict[str, AESGCM] = {}

    def of(self, branch: str) -> AESGCM:
        """The key of a branch's columns: none seals so much that a nonce might come twice."""
        found = self._columns.get(branch)
        if found is None:
            found = self._columns[branch] = AESGCM(_derived(self._secret, b"columns " + branch.encode()))
        return found


class Vault:
    """The installation's data keys at work. `secret` is one key, or several as `read_keys` reads them."""

    def __init__(self, secret: str) -> None:
        secrets, marks = read_keys(secret)
        keys = [_Key(one) for one in secrets]
        self._newest, self._keys = keys[0], {one.id: one for one in keys}
        # Until the database says which one: the key that other programs on it surely have.
        self._current = keys[-1]
        self._marking = bytes.fromhex(marks) if marks else _derived(secrets[0], b"marking")

    @property
    def newest(self) -> str:
        """The name of the first key, 8 hex digits: everything is to stand under it some day."""
        return self._newest.id.hex()

    @property
    def known(self) -> tuple[str, ...]:
        """The names of all keys, the newest first."""
        return tuple(one.hex() for one in self._keys)

    def turn_to(self, name: str) -> None:
        """From now on seal with this key, which has to be known."""
        self._current = self._keys[bytes.fromhex(name)]

    def seal(self, content: bytes, bound: str) -> Sealed:
        """`content` under a key of its own; it opens only for the same `bound` (which row it is of)."""
        key = AESGCM.generate_key(256)
        return Sealed(_encrypt(AESGCM(key), content, bound), _encrypt(self._current.wrapping, key, bound))

    def open(self, sealed: Sealed, bound: str) -> bytes:
        """What was sealed. Raises `Unreadable`."""
        try:
            return _decrypt(AESGCM(self._unwrapped(sealed.wrapped, bound)[1]), sealed.box, bound)
        except (InvalidTag, ValueError):
            raise Unreadable() from None

    def under(self, wrapped: bytes, bound: str) -> str:
        """The name of the data key that a thing's own key stands under. Raises `Unreadable`."""
        return self._unwrapped(wrapped, bound)[0].id.hex()

    def rewrapped(self, wrapped: bytes, bound: str) -> bytes:
        """A thing's own key under the data key of today. Raises `Unreadable`."""
        return _encrypt(self._current.wrapping, self._unwrapped(wrapped, bound)[1], bound)

    def _unwrapped(self, wrapped: bytes, bound: str) -> tuple[_Key, bytes]:
        for one in self._keys.values():
            try:
                return one, _decrypt(one.wrapping, wrapped, bound)
            except (InvalidTag, ValueError):
                continue
        raise Unreadable()

    def close(self, content: bytes, branch: str, bound: str) -> bytes:
        """A value of a branch's column, sealed; it opens only for the same `bound` (which column and row)."""
        key = self._current
        return SEALED + key.id + _encrypt(key.of(branch), content, bound)

    def reveal(self, value: bytes, branch: str, bound: str) -> bytes:
        """What `close` sealed. Raises `Unreadable`."""
        key = self._keys.get(value[1 : 1 + _ID])
        if key is None:
            raise Unreadable(f"{bound.splitlines()[0]}: sealed with data key {value[1 : 1 + _ID].hex()}")
        try:
            return key.of(branch).decrypt(value[1 + _ID : 1 + _ID + _NONCE], value[1 + _ID + _NONCE :], bound.encode())
        except (InvalidTag, ValueError):
            raise Unreadable(f"{' '.join(bound.splitlines())}: changed since it was sealed") from None

    def mark(self, content: bytes) -> str:
        """The same for equal bytes, and without the data key no way to try which bytes they were. 64 hex digits."""
        return hmac.digest(self._marking, content, "sha256").hex()


def read_keys(text: str) -> tuple[tuple[str, ...], str]:
    """The keys that a text holds, the newest first, and the key of the marks (hex digits; empty: that of the one key).

    One key is any text. Several stand in a line each, or with `|` between; beside them is `marks:` and 64 hex digits:
    what is recognised by its mark must be so after the key that marked it first is gone. Raises `BadKeys`.
    """
    if MARKS not in text:
        return (text,), ""
    parts = [part.strip() for part in re.split(r"[\n|]", text) if part.strip()]
    marks = [part.removeprefix(MARKS) for part in parts if part.startswith(MARKS)]
    keys = tuple(dict.fromkeys(part for part in parts if not part.startswith(MARKS)))
    if len(marks) != 1 or re.fullmatch("[0-9a-f]{64}", marks[0]) is None:
        raise BadKeys(f"has no part {MARKS} with 64 hex digits, or several")
    if not keys:
        raise BadKeys("has no key")
    return keys, marks[0]


def write_keys(keys: tuple[str, ...], like: str) -> str:
    """These keys, the newest first, with the marks of `like` (one or several): in a line each. Raises `BadKeys`."""
    if any(set(one) & set("\n|") or MARKS in one for one in keys):
        raise BadKeys("holds a key with a line break, a | or marks: in it, which cannot stand beside others")
    _, marks = read_keys(like)
    return "\n".join((*keys, MARKS + (marks or _derived(like, b"marking").hex())))


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"fieldapp-data/1 " + purpose).derive(secret.encode())


def _encrypt(key: AESGCM, content: bytes, bound: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, content, bound.encode())


def _decrypt(key: AESGCM, box: bytes, bound: str) -> bytes:
    return key.decrypt(box[:_NONCE], box[_NONCE:], bound.encode())
