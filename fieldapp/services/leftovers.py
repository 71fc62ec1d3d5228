"""What a server that died in the middle left half done. Owns finishing or clearing it, at the next start."""

from contextlib import suppress
from datetime import timedelta

from fieldapp.domain.ids import BranchCode
from fieldapp.services import photos, sync_strays
from fieldapp.services.work import Busy, Work
from fieldapp.storage import branches

#: Nobody writes a photo for so long: another server may just be at it.
SETTLED = timedelta(hours=1)


def finish(work: Work) -> None:
    """Clear files of photos that were cut off while they were put down whole (who brought them was never told, and
    comes again), take in photos whose last piece had come, and hand over what waits for another branch. What does not
    work now is left to the next start."""
    with suppress(Busy):
        work.blobs.clear_aside(work.now() - SETTLED)
        with work.read() as db:
            codes = [branch.code for branch in branches.every(db)]
        for code in codes:
            sync_strays.bring_home(work, BranchCode(code))
            for sha256 in photos.look_again(work, code):
                sync_strays.bring_photo_home(work, BranchCode(code), sha256)
