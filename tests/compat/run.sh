#!/bin/sh
# run.sh [--accept] GEN CASE…: a case is a change of the released schema in base/: change.sed for the
# .proto files, or add/ with further files. expect.txt is what the gate says of it; it is empty for a
# change that is none to clients.
# SPDX-License-Identifier: MIT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
accept=
[ "$1" != --accept ] || { accept=yes && shift; }
gen=$1 && shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
released=schema/released/1.0.0

mkdir -p "$work/out" "$work/lists"
"$root/codegen/generate.sh" "$gen" "$here/base" "$work/out" --record "$work/lists"
(cd "$here/base/schema/proto" &&
    protoc -I . -I "$root/schema/proto" --include_imports -o "$work/lists/image" ./*.proto)

failed=0
for case in "$@"; do
    case=${case%/}
    rm -rf "$work/after" && cp -r "$here/base" "$work/after"
    if [ -e "$case/change.sed" ]; then
        sed -E -i -f "$case/change.sed" "$work/after"/schema/proto/*.proto
        rm -r "$work/after/migrations" "$work/after/schema/sql" # no tables: no engine, sooner done
    else
        cp -r "$case/add/." "$work/after"
    fi
    mkdir -p "$work/after/$released" && cp "$work/lists"/* "$work/after/$released"
    rc=0
    "$root/codegen/generate.sh" "$gen" "$work/after" "$work/out" --compat "$released" \
        2>"$work/said" || rc=$?
    [ $rc -le 1 ] || { echo "$case: the gate ended with $rc" && cat "$work/said" && failed=1; }
    [ -z "$accept" ] || cp "$work/said" "$case/expect.txt"
    diff -u "$case/expect.txt" "$work/said" || failed=1
    [ -s "$work/said" ] || [ $rc -eq 0 ] || { echo "$case: refused without a word" && failed=1; }
done
echo "$# changes"
[ $failed -eq 0 ] || echo "if that is right: tools/regen --accept"
exit $failed
