#!/bin/sh
# install.sh PURPOSE FILE:PACKAGE...: install the Debian packages whose files are missing.
#
# Says which and why first.  As root runs apt-get, else sudo apt-get.  Where there is no apt-get
# names what is missing and stops with exit code 2.
set -eu

purpose=$1
shift
missing=
for need in "$@"; do
    file=${need%%:*}
    package=${need##*:}
    if [ ! -e "$file" ] && ! command -v "$(basename "$file")" >/dev/null 2>&1; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0

echo "blobfront: missing $purpose:$missing" >&2
if ! command -v apt-get >/dev/null 2>&1; then
    echo "blobfront: error: there is no apt-get here; install by hand:$missing" >&2
    exit 2
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "blobfront: error: not root and no sudo; install by hand: apt-get install$missing" >&2
        exit 2
    fi
    sudo=sudo
fi
echo "blobfront: installing them with${sudo:+ sudo} apt-get" >&2
# shellcheck disable=SC2086 # the packages are words
{
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || true
    $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >&2
} || {
    echo "blobfront: error: apt-get could not install:$missing" >&2
    exit 2
}
