"""Channels that operators promote: who may, what a channel then names, and that it is all there."""
