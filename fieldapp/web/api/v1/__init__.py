"""The public API, version 1 (docs/api.md): `blueprint` for programs with a token, `description` for everybody."""

from fieldapp.web.api.v1 import adjustments, appeals, findings, scores, visits, webhooks
from fieldapp.web.api.v1.document import blueprint as description
from fieldapp.web.api.v1.operations import blueprint

__all__ = ["adjustments", "appeals", "blueprint", "description", "findings", "scores", "visits", "webhooks"]
