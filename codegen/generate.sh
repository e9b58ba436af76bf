#!/bin/sh
# generate.sh GEN SOURCE OUT [FLAG…]: protoc, reuse-gen and clang-format over the schema in SOURCE, laid
# out as the project's root is: schema/proto, schema/sql and migrations, each only if it is there.
# Further flags go to reuse-gen (--compat, --record), which runs in SOURCE.
# SPDX-License-Identifier: MIT
set -eu
gen=$1 source=$2 out=$3
shift 3
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$source"
set -- --out "$out" "$@"
if [ -d schema/proto ]; then
    (cd schema/proto && protoc -I . -I "$root/schema/proto" --include_source_info \
        --include_imports -o "$out/image" ./*.proto)
    set -- "$@" --image "$out/image"
fi
[ ! -d migrations ] || set -- "$@" --migrations migrations
[ ! -d schema/sql ] || set -- "$@" --queries schema/sql
"$gen" "$@"
rm -f "$out/image"
find "$out" -name '*.[ch]' -exec clang-format -i --style="file:$root/.clang-format" {} +
