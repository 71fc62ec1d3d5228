"""The composition root: settings become work, work and blueprints become an app. Nothing else wires anything."""

from functools import cache, partial

import structlog
from flask import Flask, Response, g, request
from flask_wtf import CSRFProtect
from uuid_utils import uuid7

from fieldapp import logs
from fieldapp.paths import STATIC, TEMPLATES, TRANSLATIONS
from fieldapp.services import audit_mail, message_sending, news, push_sending, retention, webhook_sending
from fieldapp.services.audit_mail import HEADS
from fieldapp.services.jobs import Handlers
from fieldapp.services.message_sending import MESSAGE, Channels
from fieldapp.services.outbox import NEWS
from fieldapp.services.push_sending import PUSH
from fieldapp.services.retention import RETENTION
from fieldapp.services.web_push import PushKey
from fieldapp.services.webhook_sending import WEBHOOK
from fieldapp.services.work import Work, real_work
from fieldapp.settings import Settings
from fieldapp.web import (
    bearer,
    causes,
    customer,
    errors,
    guards,
    health,
    locale,
    metrics,
    navigation,
    oneself,
    privacy,
    proxies,
    rescue,
    security,
    sessions,
    templating,
)
from fieldapp.web.admin import accounts as admin_accounts
from fieldapp.web.admin import audit as admin_audit
from fieldapp.web.admin import branches as admin_branches
from fieldapp.web.admin import invitations as admin_invitations
from fieldapp.web.admin import outgoing as admin_outgoing
from fieldapp.web.admin import tokens as admin_tokens
from fieldapp.web.api import v1 as api
from fieldapp.web.auth import factor, invited, own
from fieldapp.web.auth import views as auth
from fieldapp.web.dispatch import board as dispatch_board
from fieldapp.web.dispatch import busy_hours as dispatch_busy_hours
from fieldapp.web.dispatch import calendars as dispatch_calendars
from fieldapp.web.dispatch import cases as dispatch_cases
from fieldapp.web.dispatch import day_plans as dispatch_day_plans
from fieldapp.web.dispatch import imports as dispatch_imports
from fieldapp.web.dispatch import links as dispatch_links
from fieldapp.web.dispatch import lists as dispatch_lists
from fieldapp.web.dispatch import messages as dispatch_messages
from fieldapp.web.dispatch import phones as dispatch_phones
from fieldapp.web.dispatch import saved_filters as dispatch_saved_filters
from fieldapp.web.dispatch import visits as dispatch_visits
from fieldapp.web.pwa import views as pwa
from fieldapp.web.quality import appeals as quality_appeals
from fieldapp.web.quality import approvals as quality_approvals
from fieldapp.web.quality import arrivals as quality_arrivals
from fieldapp.web.quality import call_backs as quality_call_backs
from fieldapp.web.quality import cases as quality
from fieldapp.web.quality import findings as quality_findings
from fieldapp.web.quality import quarantine as quality_quarantine
from fieldapp.web.quality import spot_checks as quality_spot_checks
from fieldapp.web.scores import adjustments as score_adjustments
from fieldapp.web.scores import appeals as score_appeals
from fieldapp.web.scores import behind as score_behind
from fieldapp.web.scores import closing as scores_closing
from fieldapp.web.scores import drafts, norm, simulations, slips
from fieldapp.web.scores import fairness as score_fairness
from fieldapp.web.scores import findings as score_findings
from fieldapp.web.scores import overview as score_overview
from fieldapp.web.scores import views as scores
from fieldapp.web.sync import blobs as sync_blobs
from fieldapp.web.sync import subscriptions as sync_subscriptions
from fieldapp.web.sync import views as sync
from fieldapp.web.technician import feed, receipt

csrf = CSRFProtect()


def create_app(settings: Settings | None = None, *, work: Work | None = None) -> Flask:
    """A ready app. `work` is given by tests and by commands that have one already."""
    settings = settings or Settings.from_environment()
    logs.configure()
    app = Flask(
        "fieldapp", static_folder=None, template_folder=str(TEMPLATES), instance_path=str(settings.instance),
    )  # fmt: skip
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-form" if settings.secure else "form",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # the Origin check of `security` does this without needing a Referer
        BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS),
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
    )
    app.extensions["settings"] = settings
    app.extensions["work"] = work or real_work(
        settings.database_url, settings.blobs, settings.data_key, settings.seal_key,
        read_url=settings.database_read_url, read_lag=settings.database_read_lag,
    )  # fmt: skip
    app.wsgi_app = proxies.Proxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    _name_requests(app)
    metrics.install(app, settings.metrics_folder)
    security.install(app, settings)
    sessions.install(app)
    bearer.install(app)
    locale.install(app)
    navigation.install(app)
    oneself.install(app)
    csrf.init_app(app)
    templating.install(app, STATIC)
    errors.install(app)
    _catch_all(app)
    _register(app)
    return app


def handlers(settings: Settings, address: str) -> Handlers:
    """Who does outgoing work of which kind, in this installation; `address` is where customers find their pages."""
    channels = Channels(settings.mail_server, settings.sms_gateway, lambda token: f"{address}/c/{token}")
    return {
        NEWS: news.spreader(channels if settings.tells_customers else None),
        WEBHOOK: webhook_sending.sender(loopback=settings.outgoing_loopback),
        MESSAGE: message_sending.Sender(channels),
        PUSH: push_sending.sender(
            cache(partial(PushKey.open_or_make, settings.push_key)),
            push_sending.subject(settings.mail_from, address), loopback=settings.outgoing_loopback,
        ),
        HEADS: audit_mail.sender(settings.mail_server, settings.audit_mail, settings.locale),
        RETENTION: retention.keeper(settings.keeping),
    }  # fmt: skip


def _register(app: Flask) -> None:
    """Every blueprint, with its guard."""
    auth.limiter.init_app(app)
    guards.register(app, auth.blueprint, guards.public("strangers come here to sign in"))
    guards.register(app, privacy.blueprint, guards.public("what is stored about people is theirs to know"))
    guards.register(app, invited.blueprint, guards.public("the secret of an invitation is the key"), "/invited")
    guards.register(app, own.blueprint, guards.signed_in(), "/me")
    guards.register(app, factor.blueprint, guards.signed_in(to_enrol=True), "/me/second-factor")
    guards.register(app, admin_accounts.blueprint, guards.roles("admin"), "/admin")
    guards.register(app, admin_invitations.blueprint, guards.roles("admin"), "/admin")
    guards.register(app, admin_branches.blueprint, guards.roles("admin"), "/admin")
    guards.register(app, admin_tokens.blueprint, guards.roles("admin"), "/admin/tokens")
    guards.register(app, admin_audit.blueprint, guards.roles("admin"), "/admin/audit")
    guards.register(app, admin_outgoing.blueprint, guards.roles("admin"), "/admin/outgoing")
    guards.register(app, templating.blueprint, guards.public("code and styles hold nothing private"))
    guards.register(app, pwa.blueprint, guards.public("the app's code and words hold nothing private"), "/m")
    guards.register(app, pwa.me, guards.roles("technician"), "/m")
    guards.register(app, customer.blueprint, guards.public("the token of a link is the key"), "/c")
    guards.register(app, feed.blueprint, guards.public("the secret in the address is the key"), "/calendar")
    guards.register(app, receipt.blueprint, guards.roles("technician"), "/m")
    for dispatch in (dispatch_links, dispatch_lists, dispatch_saved_filters):
        guards.register(app, dispatch.blueprint, guards.roles("dispatcher", "quality", "manager"), "/dispatch")
    for dispatch in (
        dispatch_board, dispatch_visits, dispatch_imports, dispatch_cases, dispatch_calendars,
        dispatch_day_plans,
    ):  # fmt: skip
        guards.register(app, dispatch.blueprint, guards.roles("dispatcher"), "/dispatch")
    for dispatch in (dispatch_phones, dispatch_messages, dispatch_busy_hours):
        guards.register(app, dispatch.blueprint, guards.roles("dispatcher", "manager"), "/dispatch")
    # Checks the form token itself: a rescue file may be larger than what is read for others.
    csrf.exempt(rescue.blueprint)
    guards.register(app, rescue.blueprint, guards.signed_in(), "/rescue")
    tellers = guards.roles("technician", "dispatcher", "quality", "manager", of_oneself=True)
    guards.register(app, causes.blueprint, tellers, "/causes")
    guards.register(app, quality.blueprint, guards.roles("quality", "manager"), "/quality")
    guards.register(app, quality_appeals.blueprint, guards.roles("quality", "manager"), "/quality/appeals")
    guards.register(app, quality_approvals.blueprint, guards.roles("quality", "manager"), "/quality/approvals")
    # Checks the form token itself, too: photos may be larger than what is read for others.
    csrf.exempt(quality_findings.uploads)
    for blueprint in (
        quality_findings.blueprint, quality_findings.uploads, quality_spot_checks.blueprint,
        quality_call_backs.blueprint, quality_arrivals.blueprint,
    ):  # fmt: skip
        guards.register(app, blueprint, guards.roles("quality", "manager"), "/quality/findings")
    guards.register(app, quality_quarantine.blueprint, guards.roles("quality"), "/quality/quarantine")
    # Nothing that expires offline: `web.sync.gate` asks for a header that no other site can send.
    for blueprint in (sync.blueprint, sync_blobs.blueprint, sync_subscriptions.blueprint):
        csrf.exempt(blueprint)
        guards.register(app, blueprint, guards.roles("technician"), "/api/sync/v1")
    guards.register(app, sync_blobs.shown, guards.signed_in(of_oneself=True), "/api/sync/v1")
    csrf.exempt(api.blueprint)  # a token is no cookie: no other site can send it along
    guards.register(app, api.blueprint, guards.programs(), "/api/v1")
    guards.register(app, api.description, guards.public("how to ask is no secret; answers are"), "/api/v1")
    guards.register(app, health.blueprint, guards.public("load balancers ask before anybody signs in"))
    guards.register(app, norm.blueprint, guards.signed_in(), "/scores/norm")
    for blueprint in (drafts.blueprint, simulations.blueprint):
        guards.register(app, blueprint, guards.roles("manager"), "/scores/norm/drafts")
    for blueprint in (scores.blueprint, score_findings.blueprint, slips.blueprint):
        readers = guards.roles("technician", "quality", "manager", of_oneself=True)
        guards.register(app, blueprint, readers, "/scores")
    guards.register(app, score_behind.blueprint, guards.roles("technician", "quality", "manager"), "/scores")
    everybody = guards.roles("technician", "dispatcher", "quality", "manager")
    guards.register(app, score_fairness.blueprint, everybody, "/scores")
    guards.register(app, score_overview.blueprint, guards.roles("quality", "manager"), "/scores")
    guards.register(app, scores_closing.blueprint, guards.roles("quality", "manager"), "/scores/closing")
    guards.register(app, score_adjustments.blueprint, guards.roles("quality", "manager"), "/scores")
    # They check the form token themselves: photos may be larger than what is read for others.
    for blueprint in (score_appeals.blueprint, score_findings.answers):
        csrf.exempt(blueprint)
        guards.register(app, blueprint, guards.roles("technician", of_oneself=True), "/scores")


def _name_requests(app: Flask) -> None:
    @app.before_request
    def name() -> None:
        g.request_id = str(uuid7())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def tell(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "-")
        return response


def _catch_all(app: Flask) -> None:
    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        structlog.get_logger().error("unexpected", method=request.method, endpoint=request.endpoint, exc_info=error)
        return errors.answer(500, "internal_server_error", str(errors.MESSAGES["internal_server_error"]))
