"""The ends of the audit chains, mailed every day: what is out of this server's reach, nobody who holds it can change.

Owns the letter and that there is one a day. Whether a chain is still the one of a letter is the doctor's (`--head`).
"""

from fieldapp.domain.jobs import job_id
from fieldapp.services import mail
from fieldapp.services.jobs import Handler, Job, Outcome
from fieldapp.services.mail import MailServer, Unsent
from fieldapp.services.work import Work
from fieldapp.storage import audit, branches, jobs

HEADS = "audit_heads"
_LETTER = {
    "en": (
        "Ends of the audit chains, {day}",
        "Please keep this letter. It pins everything that was done until {moment} (UTC): with it, whoever runs the "
        "server can be asked to show that nothing was changed since:\n\n    fieldapp doctor {heads}\n",
    ),
    "zh-Hans": (
        "审计链末端，{day}",
        "请保存此信。它锁定了截至 {moment}（UTC）的全部操作记录；日后可请服务器的运维人员执行以下命令，证明记录未被"
        "改动：\n\n    fieldapp doctor {heads}\n",
    ),
    "zh-Hant": (
        "稽核鏈末端，{day}",
        "請保存此信。它鎖定了截至 {moment}（UTC）的全部操作記錄；日後可請伺服器的維運人員執行以下命令，證明記錄未被"
        "更動：\n\n    fieldapp doctor {heads}\n",
    ),
}


def plan(work: Work) -> None:
    """Write down today's letter, once however often it is asked; it goes with the work of the first branch."""
    now = work.now()
    with work.write() as db:
        branch = min(branches.codes(db))
        one = job_id(branch, HEADS, f"{now:%Y-%m-%d}")
        jobs.add(db, [Job(branch=branch, job_id=one, kind=HEADS, payload={}, created_at=now, due_at=now, lane=HEADS)])


def sender(server: MailServer | None, address: str | None, language: str) -> Handler:
    """Who sends it; where nobody is to get it any more, nobody does."""

    def act(work: Work, job: Job) -> Outcome:
        if server is None or address is None:
            return Outcome(kind="done")
        with work.read() as db:
            heads = audit.heads(db)
        told = " \\\n        ".join(f"--head={branch}:{count}:{head}" for branch, (count, head) in heads.items())
        subject, body = (
            text.format(day=f"{job.created_at:%Y-%m-%d}", moment=f"{work.now():%Y-%m-%d %H:%M}", heads=told)
            for text in _LETTER[language]
        )
        try:
            mail.send(server, address, subject, body, language, job.job_id, work.now())
        except Unsent as error:
            return Outcome(kind="dead" if error.is_final else "again", detail=str(error), is_blocked=error.is_blocked)
        return Outcome(kind="done")

    return act
