"""How telling others goes, in lines for people."""

from collections.abc import Iterator

from mirror.daemon.status_document import HookStatus


def hook_lines(one: HookStatus) -> Iterator[str]:
    """Say how one hook goes, when there is something to say; that all is taken is nothing."""
    if one.waiting:
        why = f", the oldest since {one.oldest}" + (f": {one.failing}" if one.failing else "")
        yield f"hook {one.hook}: {one.waiting} events wait{why}"
    if one.given_up:
        yield (
            f"hook {one.hook}: {one.given_up} events were given up since {one.given_up_since}:"
            f" {one.said}"
        )
