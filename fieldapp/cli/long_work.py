"""Commands that may take minutes: how far they are, on stderr; and a collector of garbage that looks around less often.

Owns both, and nothing of the work itself.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

#: Seconds between two lines where stderr is no terminal, that is a log.
EVERY = 30.0


@contextmanager
def long_work(label: str, length: int, *, every: float = EVERY) -> Iterator[Callable[[int], None]]:
    """Yields what is to be told of every step how much more of `length` is done."""
    with _settled():
        if sys.stderr.isatty():
            steps = max(length // 1000, 1)  # drawing costs more than most steps do
            with click.progressbar(length=length, label=label, file=sys.stderr, update_min_steps=steps) as bar:
                yield bar.update
        else:
            yield _in_lines(label, length, every)


def _in_lines(label: str, length: int, every: float) -> Callable[[int], None]:
    done, told = 0, time.monotonic()

    def step(more: int) -> None:
        nonlocal done, told
        done += more
        if time.monotonic() - told >= every:
            told = time.monotonic()
            click.echo(f"{label}: {min(99, 100 * done // max(length, 1))} %", err=True)

    return step


@contextmanager
def _settled() -> Iterator[None]:
    """What the program consists of out of the collector's sight: its looks around cost a seventh of an import."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
