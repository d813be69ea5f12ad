"""Work of threads that is done at once, by who asks for it: for proofs that live through years.

What they show does not hang on threads, of which other tests speak, and changing between them
takes a third of their time.  The database and the child processes keep their threads.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Given = ParamSpec("Given")
Result = TypeVar("Result")


class AtOnce(ThreadPoolExecutor):
    """An executor without threads; an event loop takes only what is a `ThreadPoolExecutor`."""

    def submit(
        self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Result]:
        """Return what *fn* came to."""
        done: Future[Result] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - a thread hands on whatever was raised
            done.set_exception(error)
        return done
