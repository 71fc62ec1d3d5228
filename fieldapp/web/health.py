"""`/healthz`: the process answers. `/readyz`: it can also do its work. `/metrics`: how it is doing."""

from ipaddress import ip_address

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from fieldapp.services import health
from fieldapp.web import metrics
from fieldapp.web.context import current_settings, current_work
from fieldapp.web.proxies import was_forwarded

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Liveness: no database, no session."""
    return jsonify(alive=True)


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Readiness: the database answers and has the schema of this program."""
    report = health.readiness(current_work())
    return jsonify(report), 200 if report["ready"] == "yes" else 503


@blueprint.get("/metrics")
def scrape() -> ResponseReturnValue:
    """For monitors on this machine, unless the settings say that everybody who gets here may look."""
    who = current_settings().metrics
    if not (who == "everybody" or (who == "loopback" and _is_this_machine())):
        abort(404)
    return Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _is_this_machine() -> bool:
    """A program on this machine, and no proxy on it that speaks for somebody else."""
    address = request.remote_addr
    return bool(address) and not was_forwarded(request) and ip_address(address).is_loopback
