"""The words of a receipt in the reader's language: labels, the paper, the statement where the phone showed none."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fieldapp.domain.visits.events import Charge
from fieldapp.domain.visits.signoff import Photo
from fieldapp.services.expected import Expected
from fieldapp.services.receipt_pdf import Headings, Sheet, signature_svg
from fieldapp.services.receipts import LinkView
from fieldapp.web.context import current_currency
from fieldapp.web.locale import current_language
from fieldapp.web.money import in_currency, price
from fieldapp.web.templating import localtime, window

JOBS = {"install": _l("Installation"), "move": _l("Relocation"), "repair": _l("Repair")}
SLOTS = {
    "before": _l("Before the work"), "after": _l("After the work"), "damage": _l("Damage"), "door": _l("At the door"),
    "other": _l("Photo"),
}  # fmt: skip


def total(charges: Sequence[Charge]) -> Decimal:
    """What the charges add up to."""
    return sum((Decimal(charge.amount) for charge in charges), Decimal())


def caption(photo: Photo) -> str:
    """What a photo shows and when it was taken."""
    return _("%(what)s, %(time)s", what=SLOTS.get(photo.slot, SLOTS["other"]), time=localtime(photo.taken_at))


def day(view: LinkView) -> str:
    """The visit's day, written in full."""
    shown = view.receipt.state.arrived_at or view.window.start
    return written(shown.astimezone(view.zone).date())


def written(day: date) -> str:
    """The day with its weekday, in full."""
    return format_date(day, "full", rebase=False)


def technician(view: LinkView) -> str:
    """Who comes or came, with the staff number that stands on the badge."""
    if not view.technician:
        return _("Not decided yet")
    return f"{view.technician_name} ({view.technician})" if view.technician_name else view.technician


def initials(view: LinkView) -> str:
    """What stands for a picture of who comes: two letters of a name with a space in it, else its last sign."""
    words = (view.technician_name or "").split()
    return "".join(one[0] for one in words[:2]).upper() if len(words) > 1 else "".join(words)[-1:]


def live(view: LinkView, when: Expected | None) -> tuple[str, str] | None:
    """What is to be told now that was not promised, and how: when somebody comes, that we are late, with an apology;
    once the window has passed, whom to ask, too."""
    if view.state == "missed":
        return "warn", _("Please call us (%(company)s): we will find another time with you.", company=view.branch_name)
    if view.state == "void" and view.now < view.window.start:
        return "warn", _(
            "Nobody comes on %(day)s, %(window)s, any more. If you expected us then, please call us (%(company)s).",
            day=written(view.window.start.astimezone(view.zone).date()), window=window(view.window),
            company=view.branch_name,
        )  # fmt: skip
    if view.state not in {"planned", "en_route"}:
        return None
    if when is not None and when.is_late:
        text = _("We are running late, and we are sorry. Expected about %(time)s.", time=localtime(when.arrival))
        more = _("If you have questions, please call us (%(company)s).", company=view.branch_name)
        return "warn", f"{text} {more}" if view.is_overdue else text
    if view.is_overdue:
        return "warn", _(
            "We are late, and we are sorry. Please call us (%(company)s): we will tell you when somebody comes, or "
            "find another time with you.",
            company=view.branch_name,
        )
    if view.moved is not None and view.moved.apology:
        told = view.moved.promise.told_at.astimezone(view.zone).date()
        if view.moved_later and told == view.window.start.astimezone(view.zone).date():
            text = _(
                "We are running late, and we are sorry. Your technician comes %(window)s.", window=window(view.window)
            )
        else:
            text = _("We had to move your appointment, and we are sorry.")
        return "warn", text
    if when is not None:
        return "info", _("Expected about %(time)s.", time=localtime(when.arrival))
    return None


def times(view: LinkView) -> list[tuple[str, str]]:
    """What happened when, in the branch's zone."""
    state, signature = view.receipt.state, view.receipt.signature
    moments = [
        (_("Promised"), window(view.window)),
        (_("On the way"), state.departed_at and localtime(state.departed_at)),
        (_("Arrived"), state.arrived_at and localtime(state.arrived_at)),
        (_("Signed"), view.receipt.is_signed and signature and localtime(signature.signed_at)),
        (_("Completed"), state.completed_at and localtime(state.completed_at)),
        (_("Left"), state.left_at and localtime(state.left_at)),
    ]
    return [(name, str(value)) for name, value in moments if value]


def facts(view: LinkView) -> list[tuple[str, str]]:
    """The visit in a few lines: number, customer, address, work, who."""
    state = view.receipt.state
    return [
        (_("Order"), state.external_id),
        (_("Customer"), state.customer.name),
        (_("Address"), state.customer.address),
        (_("Work"), str(JOBS[state.job_type])),
        (_("Technician"), technician(view)),
        (_("Day"), day(view)),
    ]


def signed(view: LinkView) -> list[str]:
    """How the statement was accepted, in words that stand below the ink."""
    signature = view.receipt.signature
    if signature is None:
        return [_("Not signed.")]
    date = format_date(signature.signed_at.astimezone(view.zone), "long", rebase=False)
    when = f"{date} {localtime(signature.signed_at)}"
    if signature.kind == "refused":
        return [_("The customer did not sign: %(reason)s", reason=signature.reason or "–"), when]
    if signature.kind == "typed":
        return [_("Signed by typing the name: %(name)s", name=signature.name), when]
    return [_("Signed by %(name)s", name=signature.name or "–"), when]


def warnings(view: LinkView) -> list[str]:
    """What a reader of the receipt must know before anything else."""
    receipt = view.receipt
    found = []
    if receipt.statement is not None and not receipt.statement_holds:
        found.append(_("This text does not match the fingerprint that was recorded with it. Please contact us."))
    if receipt.state.name == "completed" and not receipt.is_signed:
        found.append(_("This visit was completed without a signature."))
    if receipt.state.name == "disputed":
        found.append(_("What happened at this visit is still being checked."))
    return found


def sheet(view: LinkView, photos: Sequence[tuple[bytes, str]]) -> Sheet:
    """The receipt as it goes on paper; `photos` are JPEGs with captions."""
    receipt, signature = view.receipt, view.receipt.signature
    charges = receipt.state.charges
    moment = receipt.state.left_at or receipt.state.completed_at or view.window.end
    return Sheet(
        language=current_language(),
        made_at=signature.signed_at if signature and signature.signed_at > moment else moment,
        title=_("Visit receipt"),
        company=view.branch_name,
        footer=_("Keep this receipt. Nothing in it can be changed afterwards."),
        headings=Headings(
            visit=_("Visit"), charges=_("Charges"), statement=_("Statement"), hash=_("Fingerprint (SHA-256)"),
            signature=_("Signature"), photos=_("Photos"),
        ),
        facts=[*facts(view), *times(view)],
        statement=receipt.statement.rstrip("\n") if receipt.statement is not None else None,
        hash=receipt.statement_hash or "",
        signed=signed(view),
        signature=signature_svg(signature.paths, signature.box) if signature and signature.paths else None,
        remarks=warnings(view),
        charges=[(charge.label, price(charge.amount)) for charge in charges],
        total=(_("Total"), price(total(charges))),
        photos=photos,
    )  # fmt: skip


def statement(view: LinkView) -> str:
    """The statement for a customer who signs later and to whom the phone showed none: plain text, equal for equal
    facts and language."""
    receipt, charges = view.receipt, view.receipt.state.charges
    done = [
        *(_line(note) for note in receipt.notes),
        *(_line(f"{one.kind} × {one.quantity} {one.serial or ''}") for one in receipt.equipment),
    ]
    blocks = [
        [_("Visit statement"), *(_field(name, value) for name, value in [*facts(view), *_visit_times(view)])],
        [_("What was done"), *(f"- {one}" for one in done or [_("as ordered")])],
    ]
    if receipt.damages:
        blocks.append([_("Damage"), *(f"- {_line(one.description)}" for one in receipt.damages)])
    if charges:
        amounts = [f"- {_line(one.label)}  {_exact(Decimal(one.amount))}" for one in charges]
        blocks.append([_("Charges"), *amounts, _field(_("Total"), _exact(total(charges)))])
    else:
        blocks.append([_("There is nothing to pay.")])
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _visit_times(view: LinkView) -> list[tuple[str, str]]:
    """Times that signing itself does not move."""
    state = view.receipt.state
    moments = ((_("Promised"), window(view.window)), (_("Arrived"), state.arrived_at and localtime(state.arrived_at)),
               (_("Completed"), state.completed_at and localtime(state.completed_at)))  # fmt: skip
    return [(name, str(value)) for name, value in moments if value]


def _exact(amount: Decimal) -> str:
    """As the phone writes it in a statement: ungrouped, the same wherever it is written."""
    return in_currency(f"{amount:.2f}", current_currency())


def _field(name: str, value: str) -> str:
    return _("%(name)s: %(value)s", name=name, value=_line(value))


def _line(text: str) -> str:
    """One line: what people typed cannot add lines that look like the statement's own."""
    return " ".join(text.split())
