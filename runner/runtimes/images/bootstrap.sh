#!/bin/sh
# Writes a Debian root file system as a tar on stdout, for `docker import -`.
#
#   bootstrap.sh SUITE PACKAGES [NODE]
#
# PACKAGES are separated by commas; NODE is a file that becomes /usr/local/bin/node.
# Needs mmdebstrap and no container registry. Progress goes to stderr.
set -eu
suite="$1"
packages="$2"
node="${3:-}"
here="$(cd "$(dirname "$0")" && pwd)"
set -- --variant=minbase --format=tar --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*'
if [ -n "$node" ]; then
    set -- "$@" --customize-hook="upload $node /usr/local/bin/node"
fi
exec mmdebstrap "$@" --customize-hook="sh '$here/layout.sh' \"\$1\"" "$suite" -
