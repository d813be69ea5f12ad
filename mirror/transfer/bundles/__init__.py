"""Bundles: what crosses the gap, as one plain tar file that is signed, or as volumes of it."""
