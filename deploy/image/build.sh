#!/usr/bin/env bash
# Stage one of the image: builds troupe from the sources in SOURCE and puts the stripped program into OUT/troupe.
#   build.sh SOURCE OUT      on Debian 12, as root; installs what it builds with
# What `TROUPE_CACHE` and `CCACHE_DIR` hold from earlier runs is used again.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,4s/^# \?//p' "$0" >&2; exit 2; }
source=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)

cd "$source"
script/bootstrap
cmake --preset release >/dev/null
cmake --build --preset release --target troupe
strip --strip-all -o "$out/troupe" build/release/troupe
"$out/troupe" version
