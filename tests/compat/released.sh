#!/bin/sh
# released.sh: the schema of this tree keeps what the last release promises. REUSE_GEN names reuse-gen.
# SPDX-License-Identifier: MIT
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
last=$("$root/tools/released")
[ -n "$last" ] || { echo "schema/released has no release (tools/release makes one)" && exit 1; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$root/codegen/generate.sh" "$REUSE_GEN" "$root" "$out" --compat "schema/released/$last"
echo "compatible with $last"
