"""A visit of today, and phones in the hands of the cast."""

from datetime import timedelta

import pytest

from tests import builders
from tests.sync.phone import Phone, plan


@pytest.fixture
def phone_of(clock, sign_in):
    """`phone_of("T001")`: a phone of its own, its owner signed in."""
    return lambda login: Phone(clock, sign_in(login), login)


@pytest.fixture
def phone(phone_of):
    return phone_of("T001")


@pytest.fixture
def start(clock):
    """When the window of `visit` begins: half an hour ago."""
    return clock() - timedelta(minutes=30)


@pytest.fixture
def visit(work, start):
    """The id of a visit of T001's whose window has begun."""
    return plan(work, builders.scheduled("WO-1", start))[0]
