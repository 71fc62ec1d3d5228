"""How passwords are kept: Argon2id at t=2, 19 MiB, p=1 (OWASP's second choice; 33 ms where it was measured)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2:
    """The real `Passwords`."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        # Compared against when there is no account, so that both answers take the same time.
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """An encoded Argon2id hash with its own salt."""
        return self._hasher.hash(password)

    def matches(self, password: str, hashed: str | None) -> bool:
        """Whether `password` is the one behind `hashed`; None takes as long and is False."""
        try:
            return self._hasher.verify(hashed or self._nobody, password) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False
