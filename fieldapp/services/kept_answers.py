"""The same request twice is carried out once (idempotency keys): a program that heard no answer asks again, and gets
the one that was lost.

What the request does and the note that it was done are one transaction: there is no moment in which one is stored and
the other not. Only what was carried out is kept; a refusal changed nothing, and the request may be mended.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from fieldapp.domain.access import Actor
from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.services.work import Unreadable, Work
from fieldapp.storage import branches, kept_answers
from fieldapp.storage.kept_answers import KeptAnswer

#: For so long the same request gets the same answer.
KEPT = timedelta(hours=48)
LONGEST_KEY = 255


class Answer(msgspec.Struct, frozen=True):
    """An answer, as it is given again: status, headers, body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, and whether it was given before."""

    answer: Answer
    is_again: bool


def once(work: Work, actor: Actor, key: str, request: bytes, act: Callable[[Work], Answer]) -> Given:
    """Carry `act` out unless the program did so under this key already; `request` says what it asks for.

    `act` gets work within the one transaction. Raises `Invalid` key_malformed, key_reused (another request was sent
    under the same key), `Conflict` answer_sealed, and whatever `act` raises.
    """
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid("key_malformed", field="Idempotency-Key", most=LONGEST_KEY)
    if actor.branch is None:
        raise Forbidden(role=actor.role)
    branch, token_id, key_hash = actor.branch, actor.account_id, hashlib.sha256(key.encode()).hexdigest()
    digest, now = hashlib.sha256(request).hexdigest(), work.now()
    with work.write(branch) as db:
        kept_answers.forget(db, branch, now - KEPT)
        found = kept_answers.find(db, branch, token_id, key_hash)
        if found is not None:
            if found.digest != digest:
                raise Invalid("key_reused", field="Idempotency-Key")
            return Given(_opened(work, found), True)
        answer = act(work.within(db))
        bound = kept_answers.bound(branch, token_id, key_hash)
        sealed = work.vault.seal(msgspec.json.encode(answer), bound)
        kept_answers.add(db, KeptAnswer(branch, token_id, key_hash, digest, now, sealed))
        return Given(answer, False)


def tidy(work: Work) -> None:
    """Forget what nobody is given again."""
    with work.read() as db:
        codes = branches.codes(db)
    for code in codes:
        with work.write(code) as db:
            kept_answers.forget(db, code, work.now() - KEPT)


def _opened(work: Work, kept: KeptAnswer) -> Answer:
    try:
        return msgspec.json.decode(work.vault.open(kept.sealed, kept.bound), type=Answer)
    except Unreadable:
        raise Conflict("answer_sealed") from None
