"""What took how long, and within what: said where it happens, for whoever traces.

Nobody does unless the settings say so; then a span costs a look at a variable.  A span that ends
with an error has that error.  Facts are numbers, truths and texts; no fact names a client.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

Fact = str | int | float | bool


#: Adds a fact to a span that is under way.
Note: TypeAlias = "Callable[[str, Fact], object]"


class Tracer(Protocol):
    """Takes down spans; those of a task that a span's task began are within it."""

    def span(self, name: str, facts: Mapping[str, Fact]) -> AbstractContextManager[Note]:
        """Have a span last as long as the block."""

    def request(self, name: str, facts: Mapping[str, Fact]) -> AbstractContextManager[Note]:
        """Have a span of an answered request, if this one is to be traced."""


#: Who takes down the spans of this task; None: nobody.
TRACER: Final[ContextVar[Tracer | None]] = ContextVar("tracer", default=None)


def _forget(_name: str, _value: Fact) -> None:
    """Add nothing."""


#: A span that nobody takes down.
NOTHING: Final[AbstractContextManager[Note]] = nullcontext(_forget)


def span(name: str, /, **facts: Fact) -> AbstractContextManager[Note]:
    """Have a span called *name* last as long as the block."""
    tracer = TRACER.get()
    return NOTHING if tracer is None else tracer.span(name, facts)


def spanned(
    name: str,
) -> Callable[[Callable[_Given, Awaitable[_Result]]], Callable[_Given, Awaitable[_Result]]]:
    """Have each call of a coroutine function be a span called *name*."""

    def decorate(
        function: Callable[_Given, Awaitable[_Result]],
    ) -> Callable[_Given, Awaitable[_Result]]:
        @wraps(function)
        async def run(*given: _Given.args, **named: _Given.kwargs) -> _Result:
            with span(name):
                return await function(*given, **named)

        return run

    return decorate
