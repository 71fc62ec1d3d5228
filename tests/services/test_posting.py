"""Which addresses somebody else may give us."""

import pytest

from fieldapp.domain.errors import Invalid
from fieldapp.services.posting import check_url


@pytest.mark.parametrize("url", ["https://example.org/hook?x=1", "https://example.org:8443/", "https://1.1.1.1/hook"])
def test_an_address_that_may_be_told(url):
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///x",
        "https://me:hush@example.org/", "https://example.org/#x", "https://example.org:0/", "https://example.org:99999/",
        "https://exa mple.org/", "https://example.org/\r\nHost: x", "https://例子.example/", "https://example.org\\@x/",
        "https://example.org/" + "x" * 500, "https://[::1", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_such_address_is_refused(url):
    with pytest.raises(Invalid, match="webhook_url"):
        check_url(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "169.254.169.254",
        "localhost",
        "x.localhost",
        "LOCALHOST.",
    ],
)
def test_a_private_one_that_is_written_out_is_refused_at_once(host):
    with pytest.raises(Invalid, match="webhook_private"):
        check_url(f"https://{host}/")


def test_to_this_machine_plain_http_will_do_where_that_is_allowed():
    assert check_url("http://127.0.0.1:8001/hook", loopback=True)
    with pytest.raises(Invalid, match="webhook_private"):
        check_url("http://10.0.0.1/hook", loopback=True)
