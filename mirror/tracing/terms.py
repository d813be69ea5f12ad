"""On which terms traces are given away, as one value that also a command line can carry."""

from __future__ import annotations

from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class TraceTerms:
    """The address of the collector, the share of requests that are traced, and our version."""

    url: str
    requests: float
    version: str

    def spell(self) -> str:
        """Return it as one word, which `parse` reads."""
        return f"{self.version}@{self.requests}@{self.url}"

    @classmethod
    def parse(cls, text: str) -> TraceTerms:
        """Read what `spell` wrote."""
        version, share, url = text.split("@", 2)
        return cls(url, float(share), version)
