"""Hooks: telling others what happened here, at their address, until they have taken it."""
