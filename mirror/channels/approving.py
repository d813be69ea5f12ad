"""Who somebody is who promotes: proven by a token or a signature, never by what is said.

A channel that one person may move takes the account's name where nothing was proven.  Where
several must approve, each proves who it is: a token of the scope ``promote``, or the signature
of one of the channel's keys over the very root that the channel shall point to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mirror.errors import ConfigurationError, SignatureRefusedError
from mirror.frozen import dataclass
from mirror.publication.statements import Statement, Type
from mirror.storage.threads import to_end
from mirror.storage.tokens import Scope, Token, owner_of
from mirror.transfer.keys import PublicKey, Signature, verify_statement

if TYPE_CHECKING:
    from mirror.channels.orders import Order
    from mirror.publication.documents import PublicationRoot


@dataclass(frozen=True, slots=True)
class Rule:
    """How many must approve on a channel, and the *keys* that may beside tokens."""

    approvals: int = 1
    keys: tuple[PublicKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody: *name* as it stands in the ledger, and whether that was *proven*."""

    name: str
    proven: bool


def statement_of(root: PublicationRoot) -> Statement:
    """Return what an approver's signature says of *root*."""
    return Statement(Type.APPROVAL, root.lineage, root.sequence, root.channel)


@dataclass(frozen=True, slots=True)
class Approvers:
    """Finds out who it is; *tokens* gives those that count now, and may block."""

    tokens: Callable[[], tuple[Token, ...]]

    async def who(
        self, order: Order, operator: str | None, rule: Rule, document: bytes, root: PublicationRoot
    ) -> Who:
        """Return who gave *order*: *operator*, when a token has told that already.

        *document* are the bytes of *root*.  Raises `ConfigurationError` for a token that is none,
        `SignatureRefusedError` for a signature that does not count here.
        """
        if order.signature is not None:
            return _signed(order.signature, rule, document, root)
        if operator is not None:
            return Who(operator, proven=True)
        if order.token is not None:
            return Who(await self.owner(order.token), proven=True)
        return Who(order.login or "somebody on this machine", proven=False)

    async def owner(self, text: str) -> str:
        """Return whose token *text* is; raise `ConfigurationError` for none that may promote."""
        token = owner_of(text, await to_end(self.tokens))
        if token is None or Scope.PROMOTE not in token.scopes:
            raise ConfigurationError(
                f"no token with the scope {Scope.PROMOTE}: mpmirror token list"
            )
        return f"token {token.name}"


def _signed(text: str, rule: Rule, document: bytes, root: PublicationRoot) -> Who:
    signature = Signature.parse(text)
    said = verify_statement(document, signature, rule.keys, Type.APPROVAL)
    if said != statement_of(root):
        raise SignatureRefusedError(
            f"signed for {said.channel} {said.sequence}, not for {root.channel} {root.sequence}"
        )
    return Who(f"key {signature.key_id}", proven=True)
