#!/bin/sh
# manifest.sh LIST: SHA-256 of what is read and of what is written, as `sha256sum -c` takes it. LIST
# names the files that come out, below generated/ or docs/. Runs in the project's root.
# SPDX-License-Identifier: MIT
set -eu
export LC_ALL=C
{
    find schema/proto schema/sql migrations -type f
    sed -e 's#^\./##' -e 's#^docs/#../docs/#' -e 's#^#generated/#' -e 's#^generated/\.\./##' "$1"
} | sort | xargs sha256sum
