"""Draw numbers over time as SVG, without a script; the words beside it say the same.

The drawing has no text of its own: scale and times are HTML around it, so that they can be read
on any screen, and the drawing may be stretched.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from mirror.frozen import dataclass
from mirror.publication.pages import texts
from mirror.publication.site.html import Markup, joined, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_WIDTH: Final = 1000.0
_HEIGHT: Final = 100.0
_NARROWEST: Final = 3.0
_WIDEST: Final = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """One number at one time; as much of it as is *bad* went wrong, and is drawn so."""

    at: datetime
    value: float
    bad: float = 0


def area_plot(title: str, points: Sequence[Point], words: Callable[[float], str]) -> Markup:
    """Draw what there was at each time; *words* say a number."""
    return _figure(title, points, words, _area)


def bar_plot(title: str, points: Sequence[Point], words: Callable[[float], str]) -> Markup:
    """Draw what came together at each time; *words* say a number."""
    return _figure(title, points, words, _bars)


def _figure(
    title: str,
    points: Sequence[Point],
    words: Callable[[float], str],
    draw: Callable[[Sequence[Point], float], Iterable[Markup]],
) -> Markup:
    if not points:
        return tag("figure", tag("figcaption", title), tag("p", texts.NO_NUMBERS), class_="plot")
    most = max(point.value for point in points)
    last = words(points[-1].value)
    drawing = tag(
        "svg",
        *draw(points, most or 1.0),
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        preserveAspectRatio="none",
        role="img",
        aria_label=texts.PLOT_WORDS.format(title=title, last=last, most=words(most)),
    )
    scale = tag("span", tag("span", words(most)), tag("span", words(0)), class_="scale")
    ends = (tag("span", _time(point.at)) for point in (points[0], points[-1]))
    return tag(
        "figure",
        tag("figcaption", tag("b", title), " ", tag("span", texts.LAST.format(last=last))),
        tag("div", scale, drawing, class_="drawing"),
        tag("div", *ends, class_="times", by=" "),
        class_="plot",
    )


def _area(points: Sequence[Point], most: float) -> Iterable[Markup]:
    tops = [f"{_across(point, points):.1f},{_up(point.value, most):.1f}" for point in points]
    if len(points) == 1:
        # One number holds from then on: a line from one side to the other.
        tops = [f"0,{_up(points[0].value, most):.1f}", f"{_WIDTH},{_up(points[0].value, most):.1f}"]
    corners = f"{_WIDTH},{_HEIGHT} 0,{_HEIGHT}"
    yield tag("polygon", points=f"{' '.join(tops)} {corners}", class_="area")
    yield tag("polyline", points=" ".join(tops), class_="line")


def _bars(points: Sequence[Point], most: float) -> Iterable[Markup]:
    step = _WIDTH / len(points)
    width = min(max(step * 0.75, _NARROWEST), _WIDEST)
    for number, point in enumerate(points):
        left = number * step + (step - width) / 2
        # One above the other: of what went wrong, as much is seen as it was.
        for value, name in ((point.value, "bar"), (point.bad, "bar bad")):
            if value > 0:
                yield _bar(left, width, value / most, name)


def _bar(left: float, width: float, share: float, name: str) -> Markup:
    top = min(_up(share, 1), _HEIGHT - 1)
    place = {"x": left, "y": top, "width": width, "height": _HEIGHT - top}
    return tag("rect", **{key: f"{number:.1f}" for key, number in place.items()}, class_=name)


def _across(point: Point, points: Sequence[Point]) -> float:
    begun, ended = points[0].at, points[-1].at
    whole = (ended - begun).total_seconds()
    return _WIDTH * (point.at - begun).total_seconds() / whole if whole > 0 else 0.0


def _up(value: float, most: float) -> float:
    return _HEIGHT - (_HEIGHT - 4) * max(0.0, value) / most


def _time(at: datetime) -> Markup:
    return joined(tag("time", f"{at:%Y-%m-%d %H:%M}", datetime=at.isoformat()))
