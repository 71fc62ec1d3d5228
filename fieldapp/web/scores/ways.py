"""Where visits are opened from a technician's own pages, by whomever they are by now."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from flask import url_for

from fieldapp.domain.ids import VisitId
from fieldapp.services import visit_ways
from fieldapp.web.context import current_actor, current_branch, current_work


@dataclass(frozen=True)
class Link:
    """A visit by its order number; `url` None: it has left these pages, and its reader cannot open it."""

    number: str
    url: str | None


def visit_links(technician: str, visits: Iterable[VisitId | None]) -> Mapping[VisitId, Link]:
    """How the pages about `technician` name each of the visits, and where they lead to."""
    found = visit_ways.ways(current_work(), current_actor(), current_branch(), technician, visits)
    links = dict[VisitId, Link]()
    for visit, way in found.items():
        then = {"month": way.month, "technician": technician} if way.month else {}
        links[visit] = Link(way.number, url_for("scores.visit", visit_id=visit, **then) if way.is_open else None)
    return links


def way_to(technician: str | None) -> Callable[[VisitId], str | None]:
    """Where the pages about the technician lead to one visit, for the few that an adjustment names."""

    @cache
    def find(visit: VisitId) -> str | None:
        link = visit_links(technician or "", [visit]).get(visit)
        return link.url if link else None

    return find
