"""How each client is led to this mirror: steps as values, for a page, JSON and the command line.

`guides` is the one place that knows them; nothing here reads a setting or asks anybody.
"""
