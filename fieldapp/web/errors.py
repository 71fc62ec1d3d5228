"""From refusals to answers: status by kind, a sentence in the reader's language by code, a page or a problem document.

Owns every text for a `DomainError`. A code without a text fails a test.
"""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, json, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from fieldapp.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, TooMany
from fieldapp.services.photos import PhotoTooLarge
from fieldapp.services.sync_wire import Outdated, TooLarge
from fieldapp.services.work import Busy
from fieldapp.web import closing_words, finding_words, planning_words
from fieldapp.web.context import find_actor, wants_problem


class NotSignedIn(DomainError):
    """The sign-in is missing, expired or revoked."""

    code = "not_signed_in"


class TokenMissing(NotSignedIn):
    """A program shows no token, or none that is good."""

    code = "token_missing"


class SecondFactorMissing(Forbidden):
    """Staff do nothing before they have a second factor."""

    code = "second_factor_missing"


STATUS: dict[type[Exception], int] = {
    NotSignedIn: 401,
    Invalid: 422,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
    TooLarge: 413,
    PhotoTooLarge: 413,
    Outdated: 426,
}
#: Refusals whose status is not that of their kind.
STATUS_OF_CODE = {"json_malformed": 400, "revision_old": 412}

#: Code -> sentence. Placeholders are the error's facts.
MESSAGES: dict[str, Any] = {
    "refused": _l("This cannot be done."),
    "invalid": _l("Something in what you entered is not right. Please check and send it again."),
    "not_found": _l("There is nothing here, or it is not yours to see."),
    "forbidden": _l("Your role does not include this."),
    "conflict": _l("Somebody else changed this meanwhile. Look at the new state and try again."),
    "too_many": _l("Too many attempts. Please wait %(retry_after)s seconds and try again."),
    "not_signed_in": _l("Please sign in again. Everything you entered is kept."),
    "second_factor_missing": _l(
        "Give yourself a second factor first, under “Second factor” of your account; then you can go on."
    ),
    "passkey_wrong": _l(
        "That did not work: the device gave no answer in time, or not to this question. Please try again."
    ),
    "passkeys_full": _l("Nobody needs more than %(most)s passkeys. Take one away first."),
    "code_unlike": _l(
        "The app does not show this code now. See that you added this very key, and that the phone's clock is right."
    ),
    "json_malformed": _l("The body is no JSON."),
    "key_malformed": _l("An idempotency key has 1 to %(most)s printable ASCII characters."),
    "key_reused": _l(
        "This idempotency key was sent with another request before. Every request needs a key of its own."
    ),
    "answer_sealed": _l(
        "This was carried out before; the answer is sealed with another data key. Read what is there instead."
    ),
    "revision_old": _l(
        "%(number)s was changed meanwhile: it is at revision %(rev)s. Read it again before you change it."
    ),
    "cursor_unknown": _l("This cursor belongs to no page of the list as it is now. Begin again without one."),
    "token_missing": _l("Show a token that is good: Authorization: Bearer branch.secret."),
    "scope_missing": _l("This token does not include the scope %(scope)s."),
    "scope_unknown": _l("“%(value)s” is no scope. Give one or more of: %(scopes)s."),
    "token_name_malformed": _l(
        "A token's name has 1 to 28 letters, digits, dots, underscores or hyphens, such as crm or order-desk."
    ),
    "token_name_taken": _l("There is a token %(name)s already. Revoke it first, or choose another name."),
    "token_unknown": _l("Branch %(branch)s has no token %(name)s."),
    "email_malformed": _l("This is no mail address."),
    "time_malformed": _l("Write the time as 21:00."),
    "template_empty": _l("Write something: a message without words helps nobody."),
    "template_long": _l("At most %(most)s characters."),
    "template_place": _l("Nothing can be filled in for {%(value)s}. There are: %(places)s."),
    "webhook_url": _l(
        "Give an address that begins with https:// and holds no password, of at most 500 printable ASCII characters."
    ),
    "webhook_private": _l("This address belongs to a private network. Only public ones are told of anything."),
    "webhook_event": _l("“%(value)s” is no type of event that can be told."),
    "push_address": _l("This phone's browser gave no address that can be told anything. Please try another browser."),
    "device_unknown": _l("This phone is not registered, or was taken out of use. Open the app again with a network."),
    "webhooks_full": _l("A branch has at most %(most)s webhooks. Take one away first."),
    "job_not_dead": _l("This was not given up, or is being tried again already."),
    "rate_out_of_range": _l("A program may ask from 1 to %(most)s times a minute."),
    "rate_exceeded": _l("More than %(rate)s requests a minute. Please wait %(retry_after)s seconds."),
    "expiry_past": _l("A token cannot expire before it is made."),
    "month_malformed": _l("“%(value)s” is no month. Write it as 2026-10."),
    "link_gone": _l("This link does not open anything. Please use the latest one that you got from us."),
    "order_unknown": _l("There is no visit with the order number “%(value)s”."),
    "receipt_too_early": _l("There is no receipt yet: the customer has not signed."),
    "act_done": _l("You have done this already; it is on record."),
    "act_closed": _l("This is not possible any more, or not yet."),
    "window_taken": _l("This time has just been taken by somebody else. Please choose another one."),
    "window_same": _l("Your appointment is at this time already."),
    "window_unchosen": _l("Please choose one of these times."),
    "stars_missing": _l("Please choose from one star to five."),
    "statement_changed": _l("The statement has changed since you opened the page. Please read it again."),
    "signer_missing": _l("Please type your name."),
    "phone_malformed": _l("This is no phone number."),
    "text_missing": _l("Please write a few words."),
    "text_too_long": _l("This is too long: at most %(limit)s characters."),
    "window_reversed": _l("The window must end after it starts."),
    "time_skipped": _l("The time %(value)s does not exist: the clocks are put forward then. Choose another."),
    "type_unknown": _l("“%(value)s” is no kind of event that we know."),
    "schema_invalid": _l("The field %(path)s is not as it should be: %(problem)s."),
    "demo_refused": _l("There are people in this installation already; the demo company needs an empty one."),
    "rulebook_invalid": _l("The norm sheet is not as it should be: %(problem)s."),
    "draft_foreign": _l("This draft is somebody else's. You can start your own from the version in force."),
    "draft_frozen": _l("This draft is proposed or published; as it stands it cannot be changed."),
    "draft_not_proposed": _l("This is not proposed any more: it was withdrawn, sent back or published meanwhile."),
    "draft_overtaken": _l("This is not what you looked at any more. Look at it as it stands now and decide again."),
    "filter_name_taken": _l("You have a filter of this name already. Choose another name, or rename that one first."),
    "filters_too_many": _l("You have saved %(most)s filters, and more are not kept. Delete one first."),
    "cause_missing": _l("Please choose a cause."),
    "cause_own": _l("A second person confirms it: not who said it, and not who was late."),
    "cause_settled": _l("This cause is confirmed already."),
    "cause_nothing": _l("Nobody has said yet why it was late."),
    "cause_overtaken": _l("Somebody said something about it meanwhile. Please read it and decide again."),
    "case_closed": _l("This case is closed already."),
    "case_outcome": _l("Say whether the case is upheld or dismissed."),
    "case_reply": _l("A case closes only with a reply to the customer."),
    "case_kind": _l("Say whether it is a complaint, a false signature, or praise."),
    "case_caller": _l("Without an order number, write down who calls and how to reach them."),
    "case_own": _l("This is about a visit of your own. Somebody else has to close it."),
    "call_own": _l("This was a visit of your own. Somebody else has to call its customer."),
    "link_other": _l(
        "This page was about another appointment: its link, or that of one more, was opened in this browser since. "
        "Nothing was done. Open the link of the appointment that you mean again."
    ),
    "visit_own": _l("%(number)s is a visit of your own. Somebody else has to decide about it."),
    "case_linked": _l("Which visit this case is about is known already."),
    "case_yours": _l("This case is yours already."),
    "case_open": _l("This case is open."),
    "case_due": _l("Choose a day that still lies ahead."),
    "case_finding": _l("A finding comes from a case only when that is upheld."),
    "case_apology": _l("An upheld case closes only with an apology on record."),
    "appeal_nothing": _l("Nothing of this counts against you: there is nothing to appeal."),
    "appeal_filed": _l("You have appealed this already. The answer will stand beside it."),
    "appeal_of_other": _l(
        "Somebody else appealed this, when the visit was taken for theirs. Read the appeal. If it is answered without "
        "effect, you can file your own then, and have the full time for it."
    ),
    "finding_unscheduled": _l("Its visit is not known yet, so nobody could answer it. It can be decided after that."),
    "appeal_whose": _l("This counts against somebody else. Name the technician whose score it is."),
    "appeal_late": _l(
        "The time to appeal this is over. With new evidence, go to your manager or to quality staff: they can still "
        "record a finding, or reverse the decision about one. Where the month is closed by then, that becomes an "
        "adjustment, to which two people agree."
    ),
    "appeal_own": _l("This is about your own score. Somebody else has to decide it."),
    "appeal_handled": _l("You recorded, appealed or decided what is appealed here. Somebody else has to decide it."),
    "appeal_head_office": _l(
        "Fewer than %(fewest)s people could decide this. So that colleagues need not decide for each other, "
        "head office does."
    ),
    "appeal_decided": _l("Somebody was faster: this appeal is decided already."),
    "appeal_outcome": _l("Say whether you overturn or confirm."),
    "photo_many": _l("At most %(most)s photos can be attached."),
    "photo_unreadable": _l("This is no photo that can be shown. Attach JPEG, PNG or WebP."),
    "busy": _l("The server is busy. Nothing is lost; please try again in a moment."),
    "form_expired": _l("This page was open for too long. What you typed is still there: please send it once more."),
    "bad_request": _l("The request could not be understood."),
    "method_not_allowed": _l("This address does not do that."),
    "request_entity_too_large": _l("This is too large to be accepted."),
    "unsupported_media_type": _l("The server cannot read this kind of content."),
    "too_many_requests": _l("Too many attempts. Please wait a while and try again."),
    "other_person": _l("Somebody else is signed in on this phone now."),
    "cross_site": _l("This came from another site and was not carried out."),
    "sign_in_wrong": _l("Login or password is wrong."),
    "code_wrong": _l("This code is wrong or was used. Wait for the next one; after ten minutes, sign in anew."),
    "totp_secret": _l("This is no base32 secret of at least 16 letters and digits."),
    "login_malformed": _l(
        "A login has 1 to 32 letters, digits, dots, underscores or hyphens and begins with a letter or digit."
    ),
    "login_taken": _l("The login %(login)s is taken."),
    "account_unknown": _l("There is no account %(login)s."),
    "last_admin": _l("%(login)s is the last administrator: make another one first."),
    "account_erased": _l("%(login)s was erased: only the code is left."),
    "account_active": _l("%(login)s still works here: disable the account first."),
    "account_recent": _l("%(login)s left less than %(days)s days ago. Until then the name is kept; see FIELDAPP_KEEP."),
    "keep_malformed": _l("“%(value)s” is no time to keep something for; give e.g. photos=90, customers=never."),
    "name_missing": _l("Please give a name of at most 100 characters."),
    "role_unknown": _l("“%(value)s” is no role. It is one of: %(roles)s."),
    "branch_unknown": _l("There is no branch %(value)s."),
    "team_unknown": _l("Branch %(branch)s has no team %(value)s."),
    "team_missing": _l("Branch %(branch)s has no team yet: add one first."),
    "code_malformed": _l(
        "A code has 1 to 32 letters, digits, dots, underscores or hyphens and begins with a letter or digit."
    ),
    "branch_taken": _l("There is a branch %(value)s already."),
    "team_taken": _l("The branch has a team %(value)s already."),
    "timezone_unknown": _l("“%(value)s” is no time zone. Write it as Asia/Shanghai."),
    "currency_malformed": _l("“%(value)s” is no currency. Write its three letters, such as CNY."),
    "password_short": _l("Please use at least %(least)s characters."),
    "password_long": _l("Please use at most %(most)s characters."),
    "password_common": _l("This password is one of the first that anybody would try. Please choose another."),
    "password_differs": _l("The two are not the same. Please type it once more."),
    "invitation_gone": _l("This link opens nothing any more. Ask for a new one."),
    "password_wrong": _l("This is not your password until now."),
    "language_unknown": _l("“%(value)s” is none of our languages."),
    "batch_too_large": _l("This is more than one push may hold. Send half of it."),
    "protocol_unknown": _l("This app is too old (or too new) for the server. Please update it; nothing is lost."),
    "version_unknown": _l("This was written by an app of version %(version)s; the server reads up to %(current)s."),
    "rescue_format": _l("This is no rescue file. It is called fieldapp-rescue-… and ends in .json."),
    "rescue_cut_off": _l("This rescue file is not whole. Nothing was brought in; please copy it from the phone again."),
    "rescue_wrong_key": _l("This rescue file was sealed for another server. Nothing was brought in."),
    "rescue_damaged": _l("This rescue file was changed or damaged. Nothing was brought in; please copy it again."),
    "rescue_owner_unknown": _l(
        "This rescue file is of %(login)s, whom your branch does not know. Nothing was brought in."
    ),
    "quarantine_erased": _l("This was erased together with its customer. Nobody can read it any more."),
    "quarantine_sealed": _l(
        "This was sealed with another data key, or was changed since. Put the right key into FIELDAPP_DATA_KEY."
    ),
    "quarantine_ended": _l("Somebody has dealt with this already."),
    "quarantine_still": _l("The program still cannot read this. It stays here; try again after the next update."),
    "device_taken": _l("This phone is registered to somebody else."),
    "device_revoked": _l("This phone was taken out of use. What it sends is kept; please ask your dispatcher."),
    "blob_offset": _l("The photo goes on at byte %(offset)s."),
    "blob_hash": _l("The photo arrived damaged. It will be sent again from its beginning."),
    "blob_length": _l("The photo is longer than it was said to be."),
    "photo_too_large": _l("This photo is larger than 12 MB."),
    "internal_server_error": _l("Something went wrong on our side. It has been noted; please try again."),
    **planning_words.REFUSALS,
    **finding_words.REFUSALS,
    **closing_words.REFUSALS,
}

#: Refusals that are about the sender, not about what was sent: the page offers to send the same once more.
_SEND_AGAIN = {"not_signed_in", "form_expired"}
#: What a form with photos may hold; these are read past, for the words beside them.
LARGEST = 50 * 1024 * 1024
#: What a form that is sent once more says of files that a page cannot keep: it is shown again, to choose them anew.
PHOTOS_LOST = "photos_lost"


def sentence(error: DomainError) -> str:
    """What the error says, in the language of this request."""
    text = MESSAGES.get(error.code, MESSAGES["refused"])
    return str(text) % error.facts if error.facts else str(text)


def install(app: Flask) -> None:
    """Answer every expected error; unexpected ones are `app`'s."""

    app.register_error_handler(DomainError, refused)

    @app.errorhandler(Busy)
    def busy(_: Busy) -> Response:
        response = answer(503, "busy", str(MESSAGES["busy"]))
        response.headers["Retry-After"] = "2"
        return response

    @app.errorhandler(CSRFError)
    def expired(_: CSRFError) -> Response:
        return answer(400, "form_expired", str(MESSAGES["form_expired"]))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response | HTTPException:
        if error.code is None or error.code < 400:
            return error
        code = HTTPStatus(error.code).phrase.lower().replace(" ", "_")
        response = answer(error.code, code, str(MESSAGES.get(code, MESSAGES["refused"])))
        for name, value in error.get_headers():
            if name not in {"Content-Type", "Content-Length"}:
                response.headers[name] = value
        return response


def refused(error: DomainError) -> Response:
    """The answer to an expected refusal."""
    by_kind = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)
    status = STATUS_OF_CODE.get(error.code, by_kind)
    if status in {403, 429} or error.code in {"code_wrong", "password_wrong"}:
        note(error)
    return answer(status, error.code, sentence(error), field=error.field, facts=dict(error.facts))


def note(error: DomainError) -> None:
    """Let the log say that somebody tried what is guarded, and who where that is known; never what they typed."""
    actor = find_actor()
    structlog.get_logger().warning(
        "refused", code=error.code, method=request.method, endpoint=request.endpoint,
        account=error.facts.get("account") or (actor.login if actor else None),
    )  # fmt: skip


def answer(status: int, code: str, text: str, *, field: str | None = None, facts: Any = None) -> Response:
    """A problem document (RFC 9457) for programs, a page for people."""
    if wants_problem():
        problem: dict[str, Any] = {"type": f"about:blank#{code}", "title": text, "status": status, "code": code}
        if field:
            problem["field"] = field
        if facts and "errors" in facts:
            problem["errors"] = facts["errors"]
        response = make_response(json.dumps(problem), status)
        response.content_type = "application/problem+json"
    else:
        partial = request.headers.get("HX-Request") == "true"
        page = "errors/_partial.html" if partial else "errors/error.html"
        again = typed() if code in _SEND_AGAIN else []
        response = make_response(render_template(page, status=status, code=code, text=text, again=again), status)
    if status == HTTPStatus.TOO_MANY_REQUESTS and facts and "retry_after" in facts:
        response.headers["Retry-After"] = str(facts["retry_after"])
    return response


def typed() -> list[tuple[str, str]]:
    """What a refused form held, so that it can be sent once more: no token, no password, nothing from another site."""
    if request.method != "POST" or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return []
    request.max_content_length = LARGEST
    try:
        kept = list(request.form.items(multi=True))
    except RequestEntityTooLarge:
        return []
    photos = [one for _, one in request.files.items(multi=True) if one.filename]
    for one in photos:
        one.close()
    if photos:
        kept.append((PHOTOS_LOST, "yes"))
    return [(name, value) for name, value in kept if name not in {"csrf_token", "current"} and "password" not in name]
