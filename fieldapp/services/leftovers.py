"""What a server that died in the middle left half done. Owns finishing or clearing it, at the next start."""

from datetime import timedelta

from fieldapp.domain.ids import BranchCode
from fieldapp.services import erasing, photos, sync_strays
from fieldapp.services.mishaps import noted
from fieldapp.services.work import Work
from fieldapp.storage import branches
from fieldapp.storage import photos as rows

#: Nobody writes a photo for so long: another server may just be at it.
SETTLED = timedelta(hours=1)


def finish(work: Work) -> None:
    """Clear files of photos that were cut off while they were put down whole (who brought them was never told, and
    comes again), and then what each branch has. What does not work now is left to the next start, and stops nothing
    else: least of all the server."""
    with noted("clearing files of photos"):
        work.blobs.clear_aside(work.now() - SETTLED)
    with noted("looking for what was left half done"):
        with work.read() as db:
            codes = branches.codes(db)
        for code in codes:
            _finish(work, BranchCode(code))


def _finish(work: Work, branch: BranchCode) -> None:
    """Take away the bytes of photos that were erased, take in photos whose last piece had come, and hand over what
    waits for another branch."""
    with noted("taking erased photos away", branch=branch):
        with work.read() as db:
            gone = rows.gone(db, branch)
        erasing.take_photos(work, branch, gone)
    sync_strays.bring_home(work, branch)
    with noted("taking photos in", branch=branch):
        for sha256 in photos.look_again(work, branch):
            sync_strays.bring_photo_home(work, branch, sha256)
