"""A technician's and a customer's hands on the phone: taps that are counted, answers, ink."""

from dataclasses import dataclass, field
from typing import Any

NEXT = ".bottom button.primary"
#: The same, once the tap before can no more be meant for it.
READY = ".bottom:not([aria-disabled]) button.primary"
KEPT = "Saved on this phone"


def wait_until_ready(page: Any) -> None:
    """Until the bottom bar takes a tap; asked with every frame, for all else looks twice a second only."""
    page.wait_for_function(f"() => document.querySelector('{READY}') !== null")


@dataclass
class Technician:
    """Who taps; every tap is counted."""

    page: Any
    taps: int = 0
    names: list[str] = field(default_factory=list)

    def tap(self, selector: str) -> None:
        """One tap on what is there."""
        self.page.tap(selector)
        self.taps += 1
        self.names.append(selector)

    def go_on(self, label: str, then: str) -> None:
        """The one big button, by the words on it, once it takes a tap; waits for the next screen's heading."""
        wait_until_ready(self.page)
        self.page.wait_for_selector(f"{READY}:has-text('{label}')")
        self.tap(NEXT)
        self.at(then)

    def hurry(self, label: str, then: str) -> None:
        """The same by key, which waits for no finger: the way to where a test begins."""
        self.page.wait_for_selector(f"{NEXT}:has-text('{label}')")
        self.page.press(NEXT, "Enter")
        self.at(then)

    def at(self, heading: str) -> None:
        """Wait for a screen by its heading."""
        self.page.wait_for_selector(f"#view h1:text-is('{heading}')")


def up_to_the_door(technician: Technician, step: Any = Technician.hurry) -> None:
    """From today's list to the customer's door."""
    technician.tap(".next a.button")
    step(technician, "I am ready", "Set off")
    step(technician, "On my way", "On the way")
    step(technician, "I have arrived", "At the door")


def up_to_the_handover(technician: Technician, step: Any = Technician.hurry) -> None:
    """From today's list to the customer's first screen."""
    up_to_the_door(technician, step)
    step(technician, "I was let in", "The work")
    step(technician, "The work is done", "Is all clean?")
    step(technician, "All clean", "Hand the phone over")
    step(technician, "Hand over", "Please have a look")


def answer(page: Any, *, rating: int = 5, comment: str = "") -> None:
    """The customer answers: all well, the tools question no."""
    for name in ("badge", "introduced", "courteous", "explained", "shoe_covers", "cleanup"):
        page.tap(f"label:has(input[name={name}][value=yes])")
    page.tap("label:has(input[name=supplied_tools][value=no])")
    page.tap(f".stars label:nth-child({rating})")
    page.fill("[name=comment]", comment)


def draw(page: Any, *strokes: list[tuple[float, float]]) -> None:
    """Ink by pointer, points as parts of the canvas's width and height; waits until it is kept."""
    page.wait_for_selector("canvas[data-strokes]")
    before = int(page.get_attribute("canvas", "data-strokes"))
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    for stroke in strokes:
        x, y = stroke[0]
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.mouse.down()
        for x, y in stroke[1:]:
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        page.mouse.up()
    page.wait_for_function(
        "(count) => document.querySelector('canvas').dataset.strokes === String(count)", arg=before + len(strokes)
    )


#: A signature that nobody takes for a slip.
NAME = ([(0.1, 0.7), (0.2, 0.2), (0.3, 0.8), (0.42, 0.3), (0.55, 0.7)], [(0.6, 0.5), (0.75, 0.4), (0.9, 0.6)])


def ink(page: Any) -> int:
    """How many pixels of the canvas are dark."""
    return page.evaluate(
        """() => {
          const canvas = document.querySelector("canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let dark = 0;
          for (let at = 3; at < data.length; at += 4) if (data[at] > 128) dark += 1;
          return dark;
        }"""
    )
