"""The steps from one shape of the index to the next; run by `mirror.storage.database`."""
