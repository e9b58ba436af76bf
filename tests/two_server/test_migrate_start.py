"""Servers that start at the same moment on an empty database: one makes the tables, all serve.
SPDX-License-Identifier: MIT
"""
import concurrent.futures

from harness.migrate import migrate

SERVERS = 5


def test_one_of_five_servers_migrates_and_all_serve(start_server, database):
    with concurrent.futures.ThreadPoolExecutor(SERVERS) as pool:
        servers = list(pool.map(lambda _: start_server(), range(SERVERS)))

    told = [server.log().count("database.migrated ") for server in servers]
    assert sorted(told) == [0] * (SERVERS - 1) + [1], told
    assert migrate(database.url, "verify")[0] == 0
    room = servers[0].new_room()
    for server in servers:
        with server.stomp(room.buyer) as client:
            client.subscribe(f"/sub/chat/room/{room.uuid}")
