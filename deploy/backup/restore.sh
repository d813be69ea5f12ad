#!/bin/sh
# Put a backup back into a data directory that is empty or not there:
#   restore.sh BACKUP DATA [STATE]        STATE is the newest unless given
#
# Every blob is hashed; pointers come last, so that a restore that was cut off is not served.
# Then: mpmirror --data DATA check --rebuild      (as the user who runs the daemon)
set -eu

[ $# -eq 2 ] || [ $# -eq 3 ] || { echo "usage: restore.sh BACKUP DATA [STATE]" >&2; exit 2; }
backup=$1 data=$2
newest=$(find "$backup/states" -mindepth 1 -maxdepth 1 -type d ! -name '.*' | sort | tail -n 1)
state=${3:-$newest}
[ -f "$state/FORMAT" ] || { echo "there is no state at ${state:-$backup/states}" >&2; exit 1; }
[ -z "$(ls -A "$data" 2>/dev/null)" ] || { echo "$data is not empty: nothing is done" >&2; exit 1; }

(cd "$backup/blobs" && find . -type f ! -name '*.new') |
  sed 's|^\(.*\)/\([0-9a-f]*\)$|\2  \1/\2|' > "${TMPDIR:-/tmp}/mpmirror-restore.$$"
trap 'rm -f "${TMPDIR:-/tmp}/mpmirror-restore.$$"' EXIT
(cd "$backup/blobs" && sha256sum --check --quiet "${TMPDIR:-/tmp}/mpmirror-restore.$$") ||
  { echo "blobs of the backup are damaged: nothing is done" >&2; exit 1; }

mkdir -p "$data"
cp -a "$backup/blobs" "$data/blobs"
for entry in "$state"/*; do
  [ "${entry##*/}" = channels ] || cp -a "$entry" "$data/"
done
sync
[ ! -d "$state/channels" ] || cp -a "$state/channels" "$data/"
sync
echo "restored from $state; now: mpmirror --data $data check --rebuild"
