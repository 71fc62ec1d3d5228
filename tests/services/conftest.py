"""Where customers' messages arrive, for the tests of whoever sends them."""

from collections.abc import Iterator

import pytest

from tests import mailboxes, receivers
from tests.mailboxes import Mailbox
from tests.receivers import Receiver


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mailboxes.receiving() as box:
        yield box


@pytest.fixture
def gateway() -> Iterator[Receiver]:
    with receivers.receiving() as found:
        yield found
