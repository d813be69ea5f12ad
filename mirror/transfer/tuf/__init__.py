"""The mirror in the words of TUF (The Update Framework), over the same files: off by default.

Root and targets are signed with keys that may stay offline.  Targets delegates to bins by the
hash of a name, which the node signs with its online key, as it does snapshot and timestamp.  This
room alone loads python-tuf, which the extra ``tuf`` brings, and only where it is wanted.
"""
