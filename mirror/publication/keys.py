"""Where a mirror shows the public key that its publications are signed with, and who follows it.

For who meets the mirror for the first time: it is the mirror's own word, so it is no more to be
believed than the way to the mirror is.  Its fingerprint is compared with the operator's.  What
the recovery key has signed is believed by who knew that key before.
"""

from __future__ import annotations

from typing import Final

KEY_PATH: Final = "/v1/key.pub"
RECOVERY_PATH: Final = "/v1/recovery.pub"
ROTATIONS_PATH: Final = "/v1/rotations.txt"
