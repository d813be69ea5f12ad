"""What crosses the gap: keys and signatures, bundles, have-lists, receipts."""
