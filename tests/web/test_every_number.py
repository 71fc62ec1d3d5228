"""Every number of every score page opens what is behind it: the demo company's pages are walked, nothing is chosen.

A number is a text of a page's content that is nothing but one, with its signs, per cent or currency. It has to stand in
a link or in the summary of what it counts; who follows the link finds exactly as many rows as it says.
"""

import html
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fieldapp.app import create_app
from fieldapp.settings import Settings
from tests import cast
from tests.client import Client
from tests.e2e.stage import Stage, stage

#: So many pages of each kind (route): a month has hundreds of visits, which are what is behind the numbers.
OF_EACH = 8
NUMBER = re.compile(r"(?=.*\d)(?:CNY|HKD|SGD|CN¥|HK\$|S\$|[¥\d.,%+−±×/→·()\s\xa0])+")
#: Where numbers open nothing, by page and the place they stand in, and why that is right.
EXCEPT = {
    ("norm.version", "main"): "constants of the norm: what two managers published, counted from nothing",
    ("norm.page", "main"): "the same",
    ("drafts.detail", "main"): "the same, of a draft",
    ("scores.sheet", "section.outlook"): "forecasts: what visits would bring that nobody made yet",
    ("scores.sheet", "svg"): "a picture: the table below says the same and opens it",
    ("score_overview.page", "svg"): "pictures: their tables say the same and open it",
}


@dataclass
class Text:
    """A text of a page and the elements around it, outermost first; `link` is where it leads."""

    text: str
    around: list[str]
    link: str | None


@dataclass
class Page(HTMLParser):
    """The content of a page: its texts, its links, the rows of its tables."""

    texts: list[Text] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    rows: int = 0
    open: list[tuple[str, str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.rows += tag == "tr" and any(name == "tbody" for name, *_ in self.open)
        if tag not in {"meta", "link", "br", "input", "img", "hr"}:
            self.open.append((tag, f"{tag}.{found.get('class') or ''}", found.get("href")))
        if tag == "a" and found.get("href") and self._is_content:
            self.links.append(found["href"] or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Of a picture: nothing is in it."""

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and self._is_content:
            link = next((href for tag, _, href in reversed(self.open) if tag == "a"), None)
            self.texts.append(Text(data.strip(), [one for _, one, _ in self.open], link))

    @property
    def _is_content(self) -> bool:
        return any(tag == "main" for tag, *_ in self.open)


@dataclass(frozen=True)
class Reader:
    """One person's browser at the demo company."""

    demo: Stage
    app: Any
    login: str
    client: Any
    walked: list[tuple[str, str, Page]] = field(default_factory=list)

    def read(self, address: str) -> Page:
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        found = Page()
        found.feed(answer.get_data(as_text=True))
        return found

    def route(self, address: str) -> tuple[str, dict[str, Any]]:
        return self.app.url_map.bind("localhost").match(urlsplit(address).path)

    def walk(self) -> list[tuple[str, str, Page]]:
        """Route, address and content of the score pages that can be reached, each once."""
        if not self.walked:
            self.walked.extend(self._walk(*starts(self)))
        return self.walked

    def _walk(self, *starts: str) -> Iterator[tuple[str, str, Page]]:
        waiting, seen, counts = deque(starts), set(starts), Counter[str]()
        while waiting:
            address = waiting.popleft()
            endpoint, _ = self.route(address)
            if counts[endpoint] >= OF_EACH or endpoint == "scores.home":  # that one leads to a page that is walked
                continue
            counts[endpoint] += 1
            page = self.read(address)
            yield endpoint, address, page
            for link in page.links:
                to = html.unescape(link).split("#")[0]
                if to.startswith("/scores/") and to not in seen and not re.search(r"\.(pdf|csv|xlsx)$|/photos/", to):
                    seen.add(to)
                    waiting.append(to)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The company of the pictures: open, waiting and closed months, adjustments, a draft that was worked out."""
    folder = tmp_path_factory.mktemp("demo")
    with stage(folder) as made:
        settings = Settings(
            instance=folder, database_url=str(made.work.database.url), secret_key=cast.SECRET, data_key=cast.DATA_KEY,
            blobs=folder / "blobs", timezone=cast.ZONE, locale="en", demo=True,
        )  # fmt: skip
        app = create_app(settings, work=made.work)
        app.test_client_class = Client
        yield made, app


@pytest.fixture(scope="module")
def reader(demo):
    made, app = demo

    @cache
    def act(login: str) -> Reader:
        client = app.test_client()
        assert client.post("/login", data={"login": login, "password": made.passwords[login]}).status_code in (302, 303)
        return Reader(made, app, login, client)

    return act


def starts(reader: Reader) -> tuple[str, ...]:
    month, this = reader.demo.places["month"], reader.demo.places["this_month"]
    if reader.login.startswith("T"):
        return tuple(f"/scores/{one}/{rest}" for one in (month, this) for rest in (f"{reader.login}/", "fairness"))
    branch = {"M001": "main", "Q001": "main", "M101": "hk"}[reader.login]
    pages = [f"/scores/{one}/{rest}" for one in (month, this) for rest in ("", "overview", "fairness", "adjustments/")]
    pages += [f"/scores/closing/{branch}/{one}/" for one in (month, this)]
    if reader.login == "M001":
        pages.append(f"/scores/norm/drafts/{reader.demo.places['draft']}/simulation")
    return tuple(pages)


def counted(person: Reader, address: str) -> tuple[int, float]:
    """How many rows the pages of a list have, with those that are listed later, and the points that it sums up."""
    rows, points, later, following = 0, 0.0, 0, address
    while following:
        page = person.read(following)
        rows += page.rows
        said = " ".join(one.text for one in page.texts)
        points = float(found[1]) if (found := re.search(r"Points lost: ([\d.]+)", said)) else 0.0
        later = int(found[1]) if (found := re.search(r"(\d+) more visits? (?:is|are) listed", said)) else 0
        following = next((one.link for one in page.texts if one.text == "Next" and one.link), "")
    return rows + later, points


def is_number(text: str) -> bool:
    return bool(NUMBER.fullmatch(text)) and any(float(one) for one in re.findall(r"\d+", text))


@pytest.mark.parametrize("login", ["M001", "M101", "T001", "T103"])
def test_every_number_opens_something(reader, login):
    person = reader(login)
    dead, seen = [], Counter()
    for endpoint, address, page in person.walk():
        seen[endpoint] += 1
        for one in page.texts:
            places = [*one.around, *(name.split(".")[0] for name in one.around)]
            opens = one.link is not None or "summary" in places
            if is_number(one.text) and not opens and not any((endpoint, place) in EXCEPT for place in places):
                dead.append(f"{address}: {one.text} in {' '.join(one.around[-3:])}")
    assert dead == []
    assert seen["fairness.page"] >= 2


#: Pages that list what a number counts, a row each.
LISTS = ("score_behind.page", "score_behind.technicians", "scores.visits", "simulations.behind")


def told(person: Reader) -> dict[str, tuple[str, set[str]]]:
    """The lists that numbers lead to, each with a page where and all the numbers that do."""
    found: dict[str, tuple[str, set[str]]] = {}
    for _, address, page in person.walk():
        for one in page.texts:
            to = html.unescape(one.link or "").split("#")[0]
            number = one.text if is_number(one.text) else "".join(re.findall(r"^\d+(?= \w)", one.text))
            if to.startswith("/scores/") and number and person.route(to)[0] in LISTS:
                found.setdefault(to, (address, set()))[1].add(number)
    return found


@pytest.mark.parametrize("login", ["M001", "M101", "Q001"])
def test_every_list_has_exactly_as_many_rows_as_its_number_says(reader, login):
    person = reader(login)
    wrong, checked = [], 0
    for to, (address, numbers) in told(person).items():
        counts = {int(one) for one in numbers if one.isdecimal()}
        rows, points = counted(person, to)
        if {"lost", "elsewhere"} & parse_qs(urlsplit(to).query).keys():
            # Beside the points may stand what they are for each hundred visits, or their share of all.
            is_right = any(abs(points - float(one)) < 0.06 for one in numbers if re.fullmatch(r"[\d.]+", one))
            is_right = is_right or all("%" in one for one in numbers)
        else:
            is_right = counts <= {rows}
        checked += bool(counts)
        if not is_right:
            wrong.append(f"{address} says {numbers}, {to} lists {rows}, {points}")
    assert wrong == []
    assert checked > 20


@pytest.mark.parametrize("login", ["T001", "T103"])
def test_a_technician_finds_their_own_part_of_it_and_nobody_else(reader, login):
    person = reader(login)
    own = counted(person, f"/scores/{person.demo.places['month']}/behind")[0]
    lists = {to: numbers for to, (_, numbers) in told(person).items() if person.route(to)[0] == "score_behind.page"}
    assert len(lists) > 10
    for to, numbers in lists.items():
        rows, points = counted(person, to)
        assert rows <= max(own, max(int(float(one.rstrip("\xa0%"))) + 1 for one in numbers)), to
        texts = {one.text for one in person.read(to).texts}
        assert not {text for text in texts if re.fullmatch(r"T\d{3}", text)} - {login}, to
        assert points == 0 or points <= max(float(one.rstrip("\xa0%")) for one in numbers), to
