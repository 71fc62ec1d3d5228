"""Structured logs: one JSON object a line, with the request's id. Never secrets, names or full phone numbers."""

import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from typing import Any

import structlog

#: What strangers write ends up in messages of libraries, too: numbers of people, and the tokens of links in a path.
_NUMBER = re.compile(r"(?<![\w.:-])\+?\d(?:[ ()/-]{0,2}\d){6,14}(?![\w.:-])")
_LINK = re.compile(r"(/(?:c|calendar|invited)/)[^\s/?#\"']{8,}")
_BEARER = re.compile(r"(?i)(bearer\s+)\S+")
_OURS = frozenset({"timestamp", "level", "request_id"})

# Without local variables: they hold passwords, names, whole forms.
_exceptions = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


def configure() -> None:
    """Send structlog to stderr as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, _stamp, _exceptions, _discreet,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )  # fmt: skip


def take_over() -> None:
    """Let whatever else this process would write to stderr (libraries, warnings, dying threads) be such lines, too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name, _stamp,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta, _exceptions, _discreet,
                structlog.processors.JSONRenderer(),
            ],
        )
    )  # fmt: skip
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    sys.excepthook = lambda kind, error, trace: _died("the program", error)
    threading.excepthook = lambda died: _died(died.thread.name if died.thread else "a thread", died.exc_value)


def _died(who: str, error: BaseException | None) -> None:
    logging.getLogger("fieldapp").error("%s died", who, exc_info=error)


def _discreet(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: value if name in _OURS else _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        value = _BEARER.sub(r"\1…", _LINK.sub(r"\1…", value))
        return _NUMBER.sub(lambda found: f"…{found[0][-2:]}", value)
    if isinstance(value, dict):
        return {name: one if name in {"lineno", "filename"} else _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(one) for one in value]
    return value
