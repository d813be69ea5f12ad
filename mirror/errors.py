"""Everything that can go wrong in the mirror, as one family.

Only these errors cross a room's boundary.  Each message is one sentence that says what
happened and where; facts that code needs are attributes.  ``exit_status`` is what the
command line ends with, and the only place that decides it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import timedelta


class MirrorError(Exception):
    """Anything that the mirror reports; the message is meant for the operator."""

    exit_status: ClassVar[int] = 1


# --- what the operator or a client asked for ------------------------------------------


class ConfigurationError(MirrorError):
    """The settings, or the arguments of a command, can not be obeyed.

    ``problems`` has a line for each, where there are several.
    """

    exit_status = 2

    def __init__(self, message: str, *, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class MalformedOrderError(ConfigurationError):
    """An order that could not be meant by anybody: a field is missing, or is no such thing."""


class NotFoundError(MirrorError):
    """Somebody asked for a thing that is not here."""


class BoardNotFoundError(NotFoundError):
    """No board of this id is in the publication."""


class ArtifactNotFoundError(NotFoundError):
    """No artifact of this name, or blob of this digest, is held."""


class PublicationNotFoundError(NotFoundError):
    """No publication has this sequence, or the channel points to none."""


class GoneError(NotFoundError):
    """A thing that was served once and never will be again: recalled, or no longer kept."""


class BusyError(MirrorError):
    """More is asked of this node at once than it takes on; asking again in a moment helps."""


class NotYetError(BusyError):
    """A file that is on its way and takes longer than a client waits."""

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AwaitingSecondLookError(NotYetError):
    """A file that came and waits until it is confirmed; ``received`` bytes came just now."""

    def __init__(self, message: str, *, retry_after: timedelta, received: int = 0) -> None:
        super().__init__(message, retry_after=retry_after)
        self.received = received


class TooOldError(BusyError):
    """What is held is older than ``freshness.stop_after``: it is served no more until it is not."""


class BadQueryError(MirrorError):
    """A filter or parameter of a request can not be understood."""


# --- upstream could not be reached, or did not do as HTTP says ------------------------


class UpstreamError(MirrorError):
    """Upstream could not be asked, or gave an answer that is no answer."""

    exit_status = 3


class UpstreamUnavailableError(UpstreamError):
    """No connection, a time-out, a reset, a body cut short, or a 5xx after all tries."""


class UpstreamBusyError(UpstreamError):
    """Upstream asked us to wait (429 or 503) longer than a run may."""

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UpstreamRestingError(UpstreamBusyError):
    """This node asks nothing for ``retry_after``, by its own rules; no request went out."""


class BreakerOpenError(UpstreamRestingError):
    """A host that failed too often in a row is left alone for a while."""


class BudgetSpentError(UpstreamRestingError):
    """What may come from upstream in an hour (``upstream.bytes_per_hour``) has come."""

    exit_status = 4


class QuietHoursError(UpstreamRestingError):
    """It is a time of day at which nothing is fetched unasked (``upstream.quiet_hours``)."""

    exit_status = 4


class UpstreamMissingError(UpstreamError):
    """Upstream answers 404 or 410 for this URL."""


class FetchFailedError(UpstreamError):
    """A file on demand did not come, or came and was refused: nothing is held of it."""


class FetchTimedOutError(FetchFailedError):
    """A file on demand did not come in time."""


# --- refused: we got something, and will not take it ----------------------------------


class RefusedError(MirrorError):
    """Bytes, a name, a page or an address that the mirror will not take."""

    exit_status = 4


class MalformedValueError(RefusedError):
    """Text that is not what it should be: a digest, a version, an id."""


class UnrecognisedNameError(RefusedError):
    """A file name outside upstream's grammar: reported, never guessed."""


class PageRefusedError(RefusedError):
    """A page that is cut short, has no headings, or is not the page asked for."""


class FirmwareHeadingMissingError(PageRefusedError):
    """A whole board page with neither firmware heading nor file.

    The page failed, or the board never had any file: only who knows its past can tell.
    """


class DocumentRefusedError(RefusedError):
    """A document of another mirror, or of a package, that is broken, too much, or not the one."""


class WentBackError(RefusedError):
    """Another mirror whose publications went back: never believed (P7)."""


class NewLineageError(RefusedError):
    """A mirror at a known address that is of another lineage than before."""


class PictureRefusedError(RefusedError):
    """A photograph that is no sound PNG or JPEG, or too large."""


class MalformedImageError(RefusedError):
    """An image whose structure is broken; ``rule`` is the fixed word for how."""

    def __init__(self, message: str, *, rule: str = "structure") -> None:
        super().__init__(message)
        self.rule = rule


class ChildRefusedError(RefusedError):
    """Foreign bytes on which the limited child process died, hung or grew too large."""


class RedirectRefusedError(RefusedError):
    """A redirect to another host, to a lower scheme, or in a circle."""


class AddressRefusedError(RefusedError):
    """A host name that resolves to an address the mirror must not connect to."""


class SelfUpstreamError(RefusedError):
    """The upstream is this mirror itself."""


class TooLargeError(RefusedError):
    """More bytes than the limit, before or after decompression."""


class UnflashableError(RefusedError):
    """A file for which no flashing command is known to be right."""


class UnreadableFileError(RefusedError):
    """A file that somebody handed over and that can not be read."""


class DigestMismatchError(RefusedError):
    """Bytes that are not those whose digest was promised."""


class CatalogShrunkError(RefusedError):
    """A catalog that lost more than the wipe guard allows: nothing was changed."""


class RecalledError(RefusedError):
    """Bytes that an operator forbids: they are not taken, wherever they come from."""


class KeyRefusedError(RefusedError):
    """A key that can not be read, is not the one on the paper, or is not to be used."""


class SignatureRefusedError(RefusedError):
    """Bytes that nobody signed whom this reader trusts, or that were signed as something else."""


class RolledBackError(RefusedError):
    """A signed document from before one that was seen already: never believed (P7)."""


class BundleRefusedError(RefusedError):
    """A bundle that is damaged, hostile, or not for this node: nothing was changed."""


class IncompleteError(RefusedError):
    """The run ended well but not everything asked for is held and accepted."""


# --- boards and the tools that reach them ---------------------------------------------


class BoardError(MirrorError):
    """A board that does not answer, did not come back, or that a tool could not write."""


class ToolMissingError(BoardError):
    """A program that is needed and not installed; the message says how to get it."""


# --- this node's own processes, and who is told of it ---------------------------------


class ChildUnavailableError(MirrorError):
    """No limited child process could be had, so nothing was judged: no bytes are to blame."""


class HookError(MirrorError):
    """A receiver did not take an event; the message names no address and no secret.

    ``status`` is what it answered, if it did, and ``rest`` how long it wants to be left alone.
    """

    def __init__(
        self, message: str, *, status: int | None = None, rest: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.rest = rest


# --- this node's own disk -------------------------------------------------------------


class StorageError(MirrorError):
    """The disk, or the database, did not do what was asked."""


class DiskFullError(StorageError):
    """No space left, or less than ``disk.keep_free`` would remain."""


class ReadOnlyDiskError(StorageError):
    """A file system on which nothing can be written."""


class ForeignDataError(StorageError):
    """A data directory or database of another format or of a newer version."""


class DamagedError(StorageError):
    """Bytes in the store, or a line of the ledger, that are not what was written."""

    exit_status = 5


class DoubtfulClockError(MirrorError):
    """The clock is wrong or jumped: nothing is deleted by it."""


class LockedError(StorageError):
    """Another process holds the data directory and does not answer."""

    exit_status = 6
