"""Make what a room without Internet installs mpmirror from: ``make release``.

For each platform a *wheelhouse*: mpmirror and everything that it needs as wheels, for several
versions of Python, the list of them with hashes as pip takes it, SHA256SUMS with a signature, and a
list of components (CycloneDX).
"""
