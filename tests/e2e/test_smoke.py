"""The live server answers a real browser."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("kind", ["phone_page", "desk_page"])
def test_the_server_answers_chromium(kind, request):
    page = request.getfixturevalue(kind)
    page.goto("/healthz")
    assert '"alive"' in page.inner_text("body")
