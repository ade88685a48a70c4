#!/bin/sh
# The places that a sandbox mounts things on, under the root given as $1.
# The root file system is read-only when it runs, so they must exist before.
set -eu
root="$1"
mkdir -p "$root/var/task" "$root/var/runtime" "$root/var/dependencies" "$root/var/io" \
    "$root/opt" "$root/tmp"
# Node.js looks for packages in every folder above the importing file: from
# /var/task this finds the built dependencies, for require() and import alike.
ln -sfn /var/dependencies/node_modules "$root/var/node_modules"
# Only where needed: in a layered image a changed mode is a second copy.
if [ -e "$root/usr/local/bin/node" ] && [ ! -x "$root/usr/local/bin/node" ]; then
    chmod 0755 "$root/usr/local/bin/node"
fi
