"""The documents are typed as they stand: each command line is run, and what it prints compared."""
