"""Work of threads that is done at once, by who asks for it: for proofs that live through years.

What they show does not hang on threads, of which other tests speak, and changing between them
takes half of their time, on a busy machine more.  So the database is used where it is asked.
Child processes keep their threads, and are worked beside.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from mirror.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

_Given = TypeVarTuple("_Given")
_Result = TypeVar("_Result")


class AtOnceLoop(asyncio.SelectorEventLoop):
    """An event loop that hands nothing to threads of its own."""

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*_Given], _Result],
        *args: *_Given,
    ) -> asyncio.Future[_Result]:
        """Return what *func* came to; of what a child is asked, what it will come to."""
        if executor is not None and not isinstance(getattr(func, "__self__", None), Database):
            return super().run_in_executor(executor, func, *args)
        done: asyncio.Future[_Result] = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001 - a thread hands on whatever was raised
            done.set_exception(error)
        return done
