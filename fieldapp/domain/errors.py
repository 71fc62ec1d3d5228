"""Expected refusals, as codes with facts. Text for people and HTTP statuses belong to the edges (`web`, `cli`)."""

from collections.abc import Mapping


class DomainError(Exception):
    """A refusal that the caller can act on.

    `code` is stable (tests, translations and clients rely on it); `facts` fill the translated sentence and must
    hold only plain values. `field` names the form or file column at fault, where there is one.
    """

    code = "refused"

    def __init__(self, code: str | None = None, *, field: str | None = None, **facts: object) -> None:
        self.code = code or type(self).code
        self.field = field
        self.facts: Mapping[str, object] = facts
        super().__init__(f"{self.code} {dict(facts)}" if facts else self.code)


class Invalid(DomainError):
    """The input is malformed or contradicts itself; nothing was done."""

    code = "invalid"


class NotFound(DomainError):
    """There is no such thing, or it is not this actor's to know: both answer alike."""

    code = "not_found"


class Forbidden(DomainError):
    """The actor's role does not include this."""

    code = "forbidden"


class Conflict(DomainError):
    """The thing changed meanwhile, or collides with another; the facts name with what."""

    code = "conflict"


class TooMany(DomainError):
    """A limit was reached; the fact `retry_after` says in how many seconds to come again."""

    code = "too_many"
