#!/usr/bin/env bash
# Stage two of the image: makes in ROOT everything that the image consists of, from PROGRAM and Debian's packages.
#   runtime.sh PROGRAM ROOT      on Debian 12, as root; ROOT must not exist or be empty
# There is nothing in it but the program, the shared libraries that it needs, the authorities that TLS trusts, and the
# names of its user: no shell, no package manager, nothing that is writable for that user.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,3s/^# \?//p' "$0" >&2; exit 2; }
program=$(readlink -f "$1")
mkdir -p "$2"
root=$(cd "$2" && pwd)
[ -z "$(ls -A "$root")" ] || { echo "runtime.sh: $root is not empty" >&2; exit 1; }

# 10001 is nobody elsewhere. docs, compose.yaml and the StatefulSet name it.
user=10001

libraries=(ca-certificates libctemplate3 libcurl4 libpq5 libpqxx-6.4 libre2-9 libspdlog1.10 libsqlite3-0 libssl3
  libtcmalloc-minimal4 libyaml-cpp0.7)
export DEBIAN_FRONTEND=noninteractive
if ! dpkg-query -W "${libraries[@]}" >/dev/null 2>&1; then
  apt-get update -q >/dev/null
  apt-get install -q -y --no-install-recommends "${libraries[@]}" >/dev/null
fi

install -d -m 0755 "$root"/{etc/ssl/certs,etc/troupe,run/secrets,usr/bin,usr/lib,usr/lib64,usr/share/doc/troupe,proc,dev}
install -d -m 1777 "$root/tmp"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
install -d -m 0700 -o $user -g $user "$root/var/lib/troupe"
install -m 0755 "$program" "$root/usr/bin/troupe"

if ldd "$program" | grep 'not found'; then echo "runtime.sh: libraries are missing" >&2; exit 1; fi
# The program's own libraries, and what these need: ldd names all of them, each by the path under which it is looked for.
ldd "$program" | sed -nE 's/^.*(=> |[[:space:]])(\/[^ ]+) \(0x.*$/\2/p' | sort -u | while read -r library; do
  install -D -m 0755 "$(readlink -f "$library")" "$root$(readlink -f "$(dirname "$library")")/$(basename "$library")"
done

cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'troupe:x:%s:%s::/var/lib/troupe:/nonexistent\n' $user $user >"$root/etc/passwd"
printf 'troupe:x:%s:\n' $user >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# What to look up when a library has a hole: package and version of each file that comes from Debian.
find "$root/usr/lib" "$root/usr/lib64" -type f -name '*.so*' | sed "s|^$root/usr||" | while read -r library; do
  dpkg-query -S "$library" 2>/dev/null || dpkg-query -S "/usr$library"
done | sed 's/:.*//' | sort -u | xargs dpkg-query -W -f '${Package} ${Version}\n' >"$root/usr/share/doc/troupe/packages"

du -sm "$root" | sed 's/\t.*/ MiB/'
