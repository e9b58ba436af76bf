#!/usr/bin/python3
"""Reads topic `chat`: every message once, and whether each room's are in order. See ../README.md.
SPDX-License-Identifier: MIT
"""
import argparse
import collections
import datetime
import json
import os
import sys

import confluent_kafka

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "gen"))
import chat_pb2  # by protoc, from schema/proto/chat.proto
from chat_dto import ChatDto  # by quicktype, from generated/contract/ChatDto.schema.json

TYPE = "reuse.chat.message.v1"


class Recent(collections.OrderedDict):
    """The last values that were put; the oldest go. What must outlive this process is kept in a
    database instead, in the transaction that stores the message."""

    def __init__(self, limit=100_000):
        super().__init__()
        self.limit = limit

    def put(self, key, value):
        self[key] = value
        self.move_to_end(key)
        if len(self) > self.limit:
            self.popitem(last=False)


class Reader:
    """What came so far."""

    def __init__(self):
        self.ids = Recent()  # ce_id
        self.last = Recent()  # room: its last ce_sequence
        self.counts = dict.fromkeys(
            ["records", "messages", "duplicates", "out_of_order", "skipped"], 0)

    def take(self, record):
        """One record of the topic."""
        self.counts["records"] += 1
        try:
            headers = {name: value.decode() for name, value in record.headers() or []}
            if headers.get("ce_type", TYPE) != TYPE:  # a kind of event that came later
                self.counts["skipped"] += 1
                return
            chat = decode(record.value(), headers.get("content-type", "application/json"))
            # records of other producers have no headers
            seq = int(headers["ce_sequence"]) if "ce_id" in headers else "-"
        except Exception as error:  # one bad record must not stop the partition
            print(f"skipped {record.partition()}/{record.offset()}: {error!r}", file=sys.stderr)
            self.counts["skipped"] += 1
            return
        if "ce_id" in headers:
            if headers["ce_id"] in self.ids:
                self.counts["duplicates"] += 1
                return
            self.ids.put(headers["ce_id"], True)
            self.check_order(chat.room_uuid, seq)
        self.counts["messages"] += 1
        print(chat.room_uuid, seq, chat.sender, chat.timestamp,
              json.dumps(chat.content, ensure_ascii=False), sep="\t", flush=True)

    def check_order(self, room, seq):
        """Numbers of a room have no gaps; two servers that write at once may invert some."""
        last = self.last.get(room, seq - 1)
        if seq != last + 1:
            self.counts["out_of_order"] += 1
        self.last.put(room, max(seq, last))


def decode(value, content_type):
    """A value of either kind as the type of the JSON form."""
    if content_type == "application/protobuf":
        chat = chat_pb2.ChatDto.FromString(value)
        return ChatDto(chat.content, chat.room_uuid, chat.sender, civil(chat.timestamp))
    return ChatDto.from_dict(json.loads(value))


def civil(nanoseconds):
    """2025-01-20T10:30:00.5, as JSON has it."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    text = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return text + f".{fraction:09}".rstrip("0").rstrip(".")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--brokers", default="127.0.0.1:9092")
    parser.add_argument("--topic", default="chat")
    parser.add_argument("--group", default="example-python")
    parser.add_argument("--until", type=int, default=0, help="end after so many records")
    args = parser.parse_args()

    reader = Reader()
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": args.brokers, "group.id": args.group, "auto.offset.reset": "earliest",
        "enable.auto.offset.store": False})  # committed is what was printed
    consumer.subscribe([args.topic])
    try:
        while not args.until or reader.counts["records"] < args.until:
            record = consumer.poll(1)
            if record is None:
                continue
            if record.error():
                raise confluent_kafka.KafkaException(record.error())
            reader.take(record)
            consumer.store_offsets(record)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()
    print(json.dumps(reader.counts))


main()
