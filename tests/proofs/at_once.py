"""Work of threads that is done at once, by who asks for it: for proofs that live through years.

What they show does not hang on threads, of which other tests speak, and changing between them
takes half of their time, on a busy machine more.  So the database is used where it is asked.
Child processes keep their threads, and are worked beside; but pages and images can be read
without one, as a child would and to the same answer.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from mirror.sandbox import Sandbox
from mirror.sandbox.child import answer
from mirror.sandbox.pipes import Heard
from mirror.sandbox.process import Child, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from concurrent.futures import Executor

    from mirror.sandbox.frames import Request
    from mirror.sandbox.pipes import Body
    from mirror.shapes import Shape

_Given = TypeVarTuple("_Given")
_Result = TypeVar("_Result")


class AtOnceChild(Child):
    """What a limited child answers, without the process and its limits."""

    @property
    def ready(self) -> bool:
        """Always."""
        return True

    def ask(self, request: Request, body: Body, expected: Shape[_Result]) -> _Result:
        """Answer *request* as `mirror.sandbox.child` does, and read that as its parent does."""
        with body.opened() as file:
            file.seek(0)
            status, document = answer(request, file.read(body.size))
        return told(Heard(status, document, last=False), expected)


@asynccontextmanager
async def at_once_sandbox() -> AsyncIterator[Sandbox]:
    """Give a sandbox whose child is no process."""
    async with Sandbox(lent=[AtOnceChild(0)]) as sandbox:
        yield sandbox


class AtOnceLoop(asyncio.SelectorEventLoop):
    """An event loop that hands nothing to threads but what child processes are asked."""

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*_Given], _Result],
        *args: *_Given,
    ) -> asyncio.Future[_Result]:
        """Return what *func* came to; of what a child is asked, what it will come to."""
        if executor is not None and _waits_for_a_process(func):
            return super().run_in_executor(executor, func, *args)
        done: asyncio.Future[_Result] = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001 - a thread hands on whatever was raised
            done.set_exception(error)
        return done


def _waits_for_a_process(func: object) -> bool:
    # What is asked of a child comes as a partial of its method.
    asked = getattr(getattr(func, "func", func), "__self__", None)
    return isinstance(asked, Child) and not isinstance(asked, AtOnceChild)
