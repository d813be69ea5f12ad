"""`mpmirror serve`: run the daemon."""

import asyncio
from typing import Annotated

import typer

from mirror.cli.invocation import given, invocation_of
from mirror.cli.terminal import say
from mirror.starting import loading


def serve(
    context: typer.Context,
    listen: Annotated[
        str | None, typer.Option(help="Address to serve at.", metavar="HOST:NUMBER")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that serve; 0: the daemon itself.", min=0)
    ] = None,
    upstream: Annotated[str | None, typer.Option(help="Site to mirror.", metavar="URL")] = None,
) -> None:
    """Serve what is held, and ask upstream on schedule."""
    # Here, because it costs most of the start of every other command.
    with loading():
        from mirror.daemon.memory import share_memory_among_threads  # noqa: PLC0415 - as said
        from mirror.daemon.serve import serve as run_daemon  # noqa: PLC0415 - as said

    share_memory_among_threads()
    flags = {
        **given("listen", "--listen", listen),
        **given("workers", "--workers", workers),
        **given("upstream.url", "--upstream", upstream),
    }
    asyncio.run(run_daemon(invocation_of(context).settings(flags), say))
