"""Where each entry of a push stands in its device's sequence: new, known, damaged, out of turn (design: sync.md).

Owns sequence numbers and the hash chain; knows nothing of what the entries say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fieldapp.services.sync_wire import Item
from fieldapp.storage.devices import Device, Entry

Standing = Literal["fresh", "forked", "known", "hash_mismatch", "id_conflict", "missing_prev"]


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry and its standing. `known` is what the ledger has under its number; `takes` says that the number is
    its own from now on; `linked`, that it follows the entry before; `expect` is the number that has to come first."""

    item: Item
    standing: Standing
    known: Entry | None = None
    takes: bool = False
    linked: bool = False
    expect: int | None = None


@dataclass(slots=True)
class Chain:
    """The chain of one device while a push goes along it.

    `spare` is how many entries of the push could not be read at all: each may be the one that a gap is missing; so are
    those of earlier pushes, as far as their number could be read (`unreadable`).
    `restored`: the phone last spoke to another life of this server, which may have known more than this one.
    `again`: what could not be read when it came is looked at once more.
    """

    device: Device
    known: Mapping[int, Entry]
    spare: int = 0
    unreadable: frozenset[int] = frozenset()
    restored: bool = False
    again: bool = False
    next_seq: int = field(init=False)
    head: str = field(init=False)
    chain: str = field(init=False)
    _loose: bool = field(init=False, default=False)
    _met: dict[int, Item] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.next_seq, self.head, self.chain = self.device.next_seq, self.device.head, self.device.chain
        last = self.known.get(self.next_seq - 1)
        self._loose = last is not None and last.status == "quarantined"

    def place(self, items: Sequence[Item]) -> list[Placed]:
        """Every entry with its standing, in the order of the sequence numbers."""
        return [self._place(item) for item in sorted(items, key=lambda item: (item.seq, item.place))]

    def _place(self, item: Item) -> Placed:
        entry, damaged = self.known.get(item.seq), item.digest != item.hash
        mate = self._met.get(item.seq)
        if mate is not None:
            return self._beside(item, mate.id, mate.digest, damaged=damaged)
        if entry is not None:
            if (entry.code == "hash_mismatch" and not damaged) or self._is_read_at_last(item, entry):
                # The copy that came before was damaged on its way, or not understood; this is the fact itself.
                self._met[item.seq] = item
                return Placed(item, "fresh", takes=True)
            return self._beside(item, entry.event_id, entry.hash, damaged=damaged, known=entry)
        if item.seq > self.next_seq and not self._bridged(item.seq):
            return Placed(item, "missing_prev", expect=self.next_seq)
        self._met[item.seq] = item
        linked = item.seq == self.next_seq and item.prev == self.head and not self._loose
        forked = self._follow(item)
        if damaged:
            return Placed(item, "hash_mismatch", takes=True, linked=linked)
        return Placed(item, "forked" if forked else "fresh", takes=True, linked=linked)

    def _is_read_at_last(self, item: Item, entry: Entry) -> bool:
        same = item.digest == entry.hash and item.id == entry.event_id
        return self.again and same and entry.code == "schema_invalid"

    def _beside(
        self, item: Item, event_id: str, digest: str, *, damaged: bool, known: Entry | None = None
    ) -> Placed:  # fmt: skip
        """An entry whose number is taken. Another fact of a phone that was put back to an earlier state, or copied to a
        second one, is a fact all the same: its chain is forked there. What was hashed makes the fact: where nothing but
        its id is another, that was damaged on the way."""
        is_stored = known is None or known.status != "quarantined"
        if item.digest == digest and (item.id == event_id or (is_stored and not damaged)):
            return Placed(item, "known", known)
        if damaged:
            return Placed(item, "hash_mismatch", known)
        if item.id == event_id:
            return Placed(item, "id_conflict", known)
        self.chain = "forked"
        return Placed(item, "forked", known)

    def _bridged(self, seq: int) -> bool:
        """Whether a gap is explained, by entries that nobody can read or by a server that has forgotten."""
        gap = seq - self.next_seq - sum(self.next_seq <= one < seq for one in self.unreadable)
        if self.restored or gap <= self.spare:
            self.spare -= min(gap, self.spare)
            self._loose = True
            return True
        return False

    def _follow(self, item: Item) -> bool:
        """Go on along the chain; True when the entry does not continue it."""
        if item.seq < self.next_seq:
            return False  # fills a hole that a restored backup left
        forked = item.prev != self.head and not self._loose
        if forked:
            self.chain = "forked"
        self.next_seq, self.head = item.seq + 1, item.hash
        # After a damaged entry nobody knows what the next one follows.
        self._loose = item.digest != item.hash
        return forked
