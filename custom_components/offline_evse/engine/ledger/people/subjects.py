"""People behind cards: pseudonyms in entries, names sealed beside them under a key of their own each.

Deleting a subject's key makes everything sealed for it unreadable for ever, while the entries stay as they are.
"""

import hashlib
import hmac
import json
import os
import sqlite3

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ...model.id_token import IdToken, IdTokenType

_NONCE_BYTES = 12

type Person = tuple[IdToken, str | None]


def unseal(subject: str | None, key: bytes | None, sealed: bytes | None) -> Person | None:
    """Open what was sealed for a subject; None where the key is gone or does not fit."""
    if subject is None or key is None or sealed is None:
        return None
    try:
        told = json.loads(AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], subject.encode()))
        return IdToken(told["value"], IdTokenType(told["type"])), told["name"]
    except InvalidTag, ValueError, KeyError:
        return None


def subject_of(site_key: bytes, id_token: IdToken) -> str:
    """Return the pseudonym of a card, the same for every presentation of it."""
    return hmac.new(site_key, id_token.key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def hash_of(site_key: bytes, purpose: str, secret: str) -> str:
    """Return what stands for a secret; nobody without the site's key can try out which one it is."""
    told = f"{purpose}\0{secret}".encode("utf-8", "surrogatepass")
    return hmac.new(site_key, b"secret\0" + told, hashlib.sha256).hexdigest()


class Subjects:
    """Seals and finds people, within the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, site_key: bytes) -> None:
        """Work on the writer's connection."""
        self._connection = connection
        self._site_key = site_key
        self._numbers: dict[tuple[str, str, str, str | None], int] = {}
        self._people: dict[int, Person | None] = {}

    def reset(self) -> None:
        """Forget what was noted in memory; the transaction it belonged to was rolled back."""
        self._numbers.clear()
        self._people.clear()

    def subject(self, id_token: IdToken) -> str:
        """Return the pseudonym of a card, the same for every presentation of it."""
        return subject_of(self._site_key, id_token)

    def seal(self, id_token: IdToken, name: str | None) -> tuple[str, int]:
        """Return the pseudonym and the number under which this card with this name is sealed."""
        subject = self.subject(id_token)
        wanted = (subject, id_token.value, id_token.type.value, name)
        number = self._numbers.get(wanted)
        if number is None:
            number = self._find(subject, (id_token, name)) or self._store(subject, id_token, name)
            self._numbers[wanted] = number
        return subject, number

    def _find(self, subject: str, person: Person) -> int | None:
        for (number,) in self._connection.execute("SELECT person FROM subjects WHERE subject = ?", (subject,)):
            if self.person(number) == person:
                return int(number)
        return None

    def _store(self, subject: str, id_token: IdToken, name: str | None) -> int:
        row = self._connection.execute("SELECT key FROM subject_keys WHERE subject = ?", (subject,)).fetchone()
        if row is None:
            key = AESGCM.generate_key(256)
            self._connection.execute("INSERT INTO subject_keys VALUES (?, ?)", (subject, key))
        else:
            key = row[0]
        nonce = os.urandom(_NONCE_BYTES)
        plain = json.dumps({"value": id_token.value, "type": id_token.type.value, "name": name}).encode()
        sealed = nonce + AESGCM(key).encrypt(nonce, plain, subject.encode())
        stored = self._connection.execute("INSERT INTO subjects (subject, sealed) VALUES (?, ?)", (subject, sealed))
        assert stored.lastrowid is not None
        return stored.lastrowid

    def person(self, number: int | None) -> Person | None:
        """Return card and name; None where nobody was named, or the key is gone."""
        if number is None:
            return None
        if number not in self._people:
            row = self._connection.execute(
                "SELECT subject, key, sealed FROM subjects LEFT JOIN subject_keys USING (subject) WHERE person = ?",
                (number,),
            ).fetchone()
            self._people[number] = unseal(*row) if row else None
        return self._people[number]

    def shred(self, id_token: IdToken) -> bool:
        """Delete the key of a card's holder; return whether there was one."""
        deleted = self._connection.execute(
            "DELETE FROM subject_keys WHERE subject = ?", (self.subject(id_token),)
        ).rowcount
        self.reset()
        return deleted > 0
