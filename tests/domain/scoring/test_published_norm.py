"""docs/scoring.md says what the rulebook holds: codes, articles, points, kinds, targets and parameters."""

from pathlib import Path

from fieldapp.services.rulebooks import shipped_rulebooks

PAGE = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text("utf-8")
BOOK = shipped_rulebooks().versions[-1]


def rows(heading: str) -> list[list[str]]:
    """The cells of the table whose first column is headed so."""
    table = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_published_sheet_is_the_one_in_force():
    published = [tuple(row[:5]) for row in rows("code")]
    assert published == [
        (item.code, item.article, str(item.points), item.kind, item.target or "") for item in BOOK.items
    ]


def test_the_published_parameters_are_those_in_force():
    parameters = {name: str(getattr(BOOK.parameters, name)) for name in BOOK.parameters.__struct_fields__}
    assert {row[0]: row[1] for row in rows("parameter")} == parameters


def test_every_discipline_article_is_published():
    assert [f"`{article.code}`" in PAGE for article in BOOK.disciplines] == [True] * len(BOOK.disciplines)
