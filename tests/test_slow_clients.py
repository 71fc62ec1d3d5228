"""A server that slow clients cannot stop (800 of them: benchmarks)."""

import pytest

from tests import processes
from tests.slow_clients import honest_times


@pytest.fixture
def port(tmp_path):
    assert processes.run(tmp_path, "db", "upgrade").returncode == 0
    with processes.serving(tmp_path) as port:
        yield port


def test_200_slow_clients_leave_an_honest_request_under_500_ms(port):
    times = honest_times(port, slow=200)
    assert times[-2] < 0.5  # p99 of 100


def test_the_server_says_where_it_is_before_it_answers(port):
    assert honest_times(port, slow=0, asked=1)[0] < 0.5
