#!/bin/bash
# with_mariadb.sh COMMAND…: runs the command beside a private MariaDB server on loopback and stops
# it afterwards. The address is in REUSE_TEST_DATABASE, the server's socket in REUSE_TEST_SOCKET,
# its process id in REUSE_TEST_SERVER_PID. User root has no password, user chat has "pass:wörd/@".
# SPDX-License-Identifier: MIT
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/reuse-mariadb.XXXXXX")
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$dir"' EXIT
server=
user=$(id -un)
export REUSE_TEST_SOCKET=$dir/sock

# Any server that starts, an installing one too, removes what others left in its tmpdir.
TMPDIR=$dir mariadb-install-db --no-defaults --user="$user" --datadir="$dir/data" --skip-test-db \
    --auth-root-authentication-method=normal >"$dir/install.log" 2>&1 || { cat "$dir/install.log"; exit 1; }

run_sql() {
    mariadb --no-defaults --user=root --socket="$REUSE_TEST_SOCKET" --execute="$1" 2>"$dir/client.log"
}

# The port may be taken by somebody else: then the server ends at once and another is tried.
for attempt in 1 2 3 4 5; do
    port=$((20000 + RANDOM))
    mariadbd --no-defaults --user="$user" --datadir="$dir/data" --tmpdir="$dir" \
        --socket="$REUSE_TEST_SOCKET" --bind-address=127.0.0.1 --port=$port --pid-file="$dir/pid" --skip-log-bin \
        --skip-name-resolve --innodb-buffer-pool-size=256M --innodb-flush-log-at-trx-commit=2 \
        >"$dir/server.log" 2>&1 &
    server=$!
    while kill -0 "$server" 2>/dev/null && ! run_sql "SELECT 1" >/dev/null; do sleep 0.05; done
    kill -0 "$server" 2>/dev/null && break
done
run_sql "CREATE DATABASE reuse_chat; CREATE USER chat@'127.0.0.1' IDENTIFIED BY 'pass:wörd/@';
    GRANT ALL ON *.* TO chat@'127.0.0.1'" || { cat "$dir/server.log" "$dir/client.log"; exit 1; }
export REUSE_TEST_DATABASE="mysql://chat:pass:w%C3%B6rd%2F%40@127.0.0.1:$port/reuse_chat"
export REUSE_TEST_SERVER_PID=$server
"$@"
