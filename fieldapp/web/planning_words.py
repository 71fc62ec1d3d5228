"""What planning and appointment files say when something is refused: code -> sentence. Shared by pages and commands."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

CHANNELS: dict[str, Any] = {
    "phone": _l("Phone call"),
    "sms": _l("Text message"),
    "app": _l("App"),
    "mail": _l("E-mail"),
    "in_person": _l("In person"),
}

CAUSES: dict[str, Any] = {
    "plan": _l("Our planning"),
    "technician": _l("The technician"),
    "earlier_visit": _l("An earlier visit took longer"),
    "system": _l("Our systems"),
    "customer": _l("The customer"),
    "access": _l("Building or access"),
    "force_majeure": _l("Weather or other force majeure"),
}

#: Refusals (`DomainError` codes); merged into `errors.MESSAGES`.
REFUSALS: dict[str, Any] = {
    "window_past": _l("This window is in the past. Choose one that still lies ahead."),
    "window_too_long": _l("A window is at most %(hours)s hours long. Check both days."),
    "told_future": _l("This moment is still to come. Enter when the customer was told, not when they will be."),
    "duration_out_of_range": _l("A job takes from %(shortest)s to %(longest)s minutes."),
    "external_id_malformed": _l("An order number has 1 to 64 characters, without spaces at either end."),
    "external_id_taken": _l("There is an order %(number)s already."),
    "technician_unknown": _l("There is no technician %(technician)s in this branch."),
    "technician_left": _l("%(technician)s does not work here any more."),
    "technician_busy": _l(
        "%(technician)s already has work on %(other)s then. Choose another time or technician, or say why both must be."
    ),
    "technician_absent": _l(
        "%(technician)s is absent then. Choose another time or technician, or say why it must be all the same."
    ),
    "off_shift": _l("%(technician)s does not work then. Choose another time or technician, or say why it must be."),
    "skill_missing": _l(
        "%(technician)s does not do such jobs. Choose another technician, or say why it must be all the same."
    ),
    "district_foreign": _l(
        "%(technician)s does not work in the district %(district)s. Choose another technician, or say why it must be."
    ),
    "outside_promise": _l(
        "The planned start lies outside the window that the customer is promised. Choose one within it, promise "
        "another window, or say why it must be."
    ),
    "visit_pinned": _l(
        "%(number)s is pinned to %(holder)s at its time. Leave it there, or say why it must move all the same."
    ),
    "pin_nobody": _l("%(number)s has no technician yet. Give it to somebody first, then pin it."),
    "absence_kind_unknown": _l("Choose why they are away from the list."),
    "absence_too_long": _l("An absence is at most %(days)s days long. Check both days."),
    "absence_over": _l("This time is over already. Enter an absence that still lies ahead or goes on."),
    "absence_known": _l("%(technician)s is entered as absent at this time already."),
    "absence_malformed": _l("An absence must end after it starts."),
    "calendar_changed": _l(
        "Somebody else changed the calendar of %(technician)s meanwhile. Nothing of yours was saved; look at it again."
    ),
    "skill_unknown": _l("“%(value)s” is no kind of job. There are: %(known)s."),
    "district_malformed": _l("Write each district on a line of its own, at most 50 of them."),
    "place_malformed": _l("Give latitude and longitude both, from -90 to 90 and from -180 to 180."),
    "shifts_malformed": _l("“%(value)s” is no shift. Write them as mon-fri 08:00-17:00; sat 09:00-12:00."),
    "hours_malformed": _l(
        "Write hours as 08:00-17:00, or 08:00-12:00, 13:00-17:00 with a break. They must not overlap."
    ),
    "cannot_cover": _l("%(number)s could not be given away, so nothing was."),
    "no_message_now": _l("No message reaches the customer of %(number)s now. Tell them yourself, and enter when."),
    "told_missing": _l("Enter when the customers were told."),
    "cannot_rearrange": _l("%(number)s cannot be planned so, and nothing was changed."),
    "nothing_to_swap": _l("Both visits have the same technician. There is nothing to swap."),
    "export_too_big": _l("That would be %(found)s visits. A file takes at most %(most)s: narrow the search."),
    "day_over": _l("This day is over. Choose one that still lies ahead."),
    "plan_too_big": _l("At most %(visits)s visits and %(technicians)s technicians are planned at once. Choose a team."),
    "plan_busy": _l("Another plan is being worked out right now. Please try again in a few seconds."),
    "day_changed": _l("The day has changed since this plan was worked out. Nothing was moved; work it out again."),
    "shifts_overlap": _l("Two shifts overlap on %(value)s."),
    "visit_changed": _l("Somebody else changed %(number)s meanwhile. Nothing of yours was saved yet."),
    "visit_over": _l("%(number)s is over. There is nothing left to plan."),
    "visit_started": _l("The technician is already there for %(number)s. It can be neither moved nor cancelled now."),
    "visit_disputed": _l("Facts from a phone wait for a decision on %(number)s. Decide them first."),
    "visit_awaited": _l(
        "The customer still waits for %(number)s, and nobody has come: leave the facts out, and the appointment "
        "stands. If nobody is to come, cancel it then."
    ),
    "nothing_to_decide": _l("There is nothing to decide on %(number)s any more."),
    "reason_missing": _l("Please give a reason."),
    "needs_second_person": _l(
        "Less than %(minutes)s minutes before the window, a request of the customer counts only when a second person "
        "approves it."
    ),
    "told_afterwards": _l(
        "The time until which this would have counted is over, and one person alone cannot say now that the customer "
        "was told before. Enter the time of now; what was really said earlier, quality staff can record as a finding."
    ),
    "request_waiting": _l("A request about %(number)s waits for a second person already. It has to be decided first."),
    "request_own": _l("You entered this yourself. Somebody else has to decide it."),
    "request_benefit": _l("This is about your own work. Somebody else has to decide it."),
    "request_head_office": _l(
        "Fewer than %(fewest)s people could decide this. So that colleagues need not decide for each other, "
        "head office does."
    ),
    "request_decided": _l("Somebody was faster: this request is decided already."),
    "request_outcome": _l("Say whether you approve or decline."),
    "request_visit_over": _l("The visit has ended or was cancelled meanwhile. There is nothing left to approve."),
    "request_moved": _l("The window was moved meanwhile in another way. This request can only be declined."),
    "charge_malformed": _l("Write charges as a label and an amount, such as: Deposit 100.00; Cable 20.00"),
    "import_stale": _l("Something changed since the preview. Look at the new preview and confirm again."),
}

#: Why a plan of the day has no place for a visit.
WHY_NOT: dict[str, Any] = {
    "window_over": _l("Its promised window is over, or nearly."),
    "skill_missing": _l("Nobody here does such jobs."),
    "district_foreign": _l("Nobody here works in its district."),
    "nobody_there": _l("Nobody who could do it works long enough within its window."),
    "no_room": _l("Everybody who could do it is needed for other promises then."),
}

#: Why a cell of an appointment file is refused.
FAULTS: dict[str, Any] = {
    "missing": _l("must not be empty"),
    "not_utf8": _l("is not UTF-8 text"),
    "utf16": _l("the file is UTF-16; save it as UTF-8"),
    "other_encoding": _l("the file is not UTF-8; in Excel, save it as “CSV UTF-8”"),
    "control_character": _l("holds a control character"),
    "too_long": _l("is longer than %(most)s characters"),
    "external_id_malformed": _l("must have 1 to 64 characters"),
    "duplicate_other": _l("stands on line %(first)s already, with other content"),
    "job_type_unknown": _l("must be one of: %(known)s"),
    "phone_malformed": _l("is no phone number"),
    "email_malformed": _l("is no mail address"),
    "number_malformed": _l("is no number"),
    "out_of_range": _l("must be from %(least)s to %(most)s"),
    "language_unknown": _l("must be one of: %(known)s"),
    "time_malformed": _l("is no time; write it as 2026-12-01T08:30"),
    "time_skipped": _l("does not exist: the clocks are put forward then"),
    "window_reversed": _l("must be after window_start"),
    "not_yes_no": _l("must be yes or no"),
    "technician_unknown": _l("there is no such technician in this branch"),
    "technician_left": _l("does not work here any more"),
    "charge_malformed": _l("must be a label and an amount, such as: Deposit 100.00; Cable 20.00"),
    "asked_by_unknown": _l("must be company or customer"),
    "cause_unknown": _l("must be one of: %(known)s"),
    "absence_malformed": _l("must be after start"),
    "visit_pinned": _l(
        "%(number)s is pinned to %(holder)s at its time. Leave it there, or say why it must move all the same."
    ),
    "pin_nobody": _l("%(number)s has no technician yet. Give it to somebody first, then pin it."),
    "absence_kind_unknown": _l("must be sick, leave, training or other"),
    "absence_too_long": _l("an absence is at most %(days)s days long"),
    "text_too_long": _l("is longer than %(limit)s characters"),
    "skill_unknown": _l("“%(value)s” is no kind of job; there are %(known)s"),
    "district_malformed": _l("a district has no semicolon, and there are at most 50"),
    "shifts_malformed": _l("“%(value)s” is no shift; write mon-fri 08:00-17:00; sat 09:00-12:00"),
    "shifts_overlap": _l("two shifts overlap on %(value)s"),
    "column_missing": _l("this column is missing"),
    "column_twice": _l("this column stands here twice"),
    "cells": _l("the row has %(found)s cells, the header has %(expected)s"),
    "quotes": _l("the quotation marks of this row do not match"),
    "empty_file": _l("the file has no header line"),
    "visit_started": _l("the technician is there already: the promise can change no more"),
    "visit_disputed": _l("facts from a phone wait for a decision about this visit: decide them first"),
    "visit_own": _l("this is a visit of your own: somebody else has to change its promise"),
    "told_afterwards": _l(
        "the time until which this would have counted is over, and one person alone cannot say now that the customer "
        "was told before"
    ),
    "needs_second_person": _l(
        "less than %(minutes)s minutes before the window, this counts only when a second person approves it: use Move"
    ),
    "schema_invalid": _l("is not as it should be"),
}

#: What is imported all the same, and worth a look.
WARNINGS: dict[str, Any] = {
    "column_unknown": _l("this column is not known and was not read"),
    "duplicate_same": _l("stands on line %(first)s already, with the same content"),
    "window_past": _l("lies in the past"),
    "told_future": _l("lies in the future"),
    "overlap": _l("planned work overlaps with %(other)s"),
    "visit_over": _l("this visit is over already"),
}


def reason(code: str, facts: Mapping[str, object]) -> str:
    """Why a cell is refused or worth a look, in the reader's language."""
    text = str(FAULTS[code] if code in FAULTS else WARNINGS[code])
    return text % facts if facts else text
