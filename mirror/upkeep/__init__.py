"""Find what is no longer as it was written, and heal it; nothing is deleted."""
