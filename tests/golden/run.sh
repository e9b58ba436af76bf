#!/bin/sh
# run.sh [--accept] GEN CASE...: a case is a folder with a small schema, laid out as the project's
# root is (schema/proto, schema/sql, migrations), and what the generator makes of it:
#   expect/      a folder: the files that come out; they must also compile
#   expect.txt   a file: the diagnostics; nothing comes out
# --accept writes what came out there instead of comparing.
# SPDX-License-Identifier: MIT
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
accept=
[ "$1" != --accept ] || { accept=yes && shift; }
gen=$1 && shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The generated C of a case, with the project's own runtimes and err.h.
compiles() {
    flags="-std=gnu11 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Wpedantic -Werror -Wshadow"
    flags="$flags -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes"
    if [ -d "$work/generated/pb" ]; then
        mkdir -p "$work/protoc-c/pb"
        (cd "$work/generated/pb" && protoc-c --c_out="$work/protoc-c/pb" -I . ./*.proto)
        flags="$flags -isystem $work/protoc-c -isystem $work/protoc-c/pb"
    fi
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -I "$work" -I "$root/src" -I "$root" "$work"/generated/c/*.c
}

failed=0
for case in "$@"; do
    case=${case%/}
    rm -rf "$work/generated" "$work/protoc-c" && mkdir "$work/generated"
    rc=0
    "$root/codegen/generate.sh" "$gen" "$case" "$work/generated" 2>"$work/diagnostics" || rc=$?
    if [ $rc -gt 1 ]; then
        echo "$case: the generator ended with $rc" && cat "$work/diagnostics"
        failed=1
    elif [ $rc -eq 1 ]; then
        [ -z "$accept" ] || cp "$work/diagnostics" "$case/expect.txt"
        diff -u "$case/expect.txt" "$work/diagnostics" || failed=1
    else
        [ -z "$accept" ] || { rm -rf "$case/expect" && cp -r "$work/generated" "$case/expect"; }
        diff -ruN "$case/expect" "$work/generated" || failed=1
        compiles || failed=1
    fi
done
[ $failed -eq 0 ] || echo "if that is right: tools/regen --accept"
exit $failed
