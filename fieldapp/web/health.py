"""`/healthz`: the process answers. `/readyz`: it can also do its work."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from fieldapp.services import health
from fieldapp.web.context import current_work

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
