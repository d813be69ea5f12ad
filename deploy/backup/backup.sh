#!/bin/sh
# Back a mirror up, also while its daemon runs:   backup.sh DATA BACKUP
#
# Pointers are copied first and blobs last: whatever a copied pointer leads to is there then.
# Not copied: the database (an index, made again from the rest), partial downloads, locks, sockets,
# and what waits for hooks: nobody wants to be told old news after a restore.
# Keys are not in DATA: keep a copy of keys_dir at another place, and encrypted.
set -eu

[ $# -eq 2 ] || { echo "usage: backup.sh DATA BACKUP" >&2; exit 2; }
data=$1 backup=$2
[ -f "$data/FORMAT" ] || { echo "$data is not a data directory of mpmirror" >&2; exit 1; }

state=$backup/states/$(date -u +%Y-%m-%dT%H%M%SZ)
new=$backup/states/.new
rm -rf "$new"
mkdir -p "$new" "$backup/blobs"

[ ! -d "$data/channels" ] || cp -a "$data/channels" "$new/"
for entry in "$data"/*; do
  case ${entry##*/} in
    channels | blobs | hooks | incoming | lock | mpmirror.db* | *.sock) ;;
    *) cp -a "$entry" "$new/" ;;
  esac
done

# A blob is never changed: what is there by its name is whole, because it got that name last.
(cd "$data/blobs" && find . -type f ! -name '.*') | while IFS= read -r blob; do
  [ -f "$backup/blobs/$blob" ] || {
    mkdir -p "$backup/blobs/${blob%/*}"
    # A prune may let go of what no pointer names any more.
    cp -p "$data/blobs/$blob" "$backup/blobs/$blob.new" 2>/dev/null || [ ! -f "$data/blobs/$blob" ]
    [ ! -f "$backup/blobs/$blob.new" ] || mv "$backup/blobs/$blob.new" "$backup/blobs/$blob"
  }
done

sync
mv "$new" "$state"
# The newest thirty stay; their blobs all do.
find "$backup/states" -mindepth 1 -maxdepth 1 -type d ! -name '.*' | sort -r | tail -n +31 |
  while IFS= read -r old; do rm -rf "$old"; done
echo "$state"
