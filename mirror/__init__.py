"""A verified release mirror and cache for MicroPython firmware."""
