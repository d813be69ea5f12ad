"""Unmodified clients against the real program, in a network where nothing else can be reached."""
