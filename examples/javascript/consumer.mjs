// Reads topic `chat`: every message once, and whether each room's are in order. See ../README.md.
// SPDX-License-Identifier: MIT
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Kafka, logLevel } from "kafkajs";
import protobuf from "protobufjs";
import "protobufjs/ext/descriptor/index.js";

/** @typedef {import("../../generated/contract/reuse-chat.js").ChatDto} ChatDto */

const TYPE = "reuse.chat.message.v1";
const image = readFileSync(new URL("gen/chat.image", import.meta.url)); // by protoc
const { Root } = /** @type {any} */ (protobuf); // the types lack what ext/descriptor adds
const ChatMessage = Root.fromDescriptor(image).lookupType("reuse.chat.ChatDto");

/**
 * The last values that were put; the oldest go. What must outlive this process is kept in a database
 * instead, in the transaction that stores the message.
 * @template V
 * @extends {Map<string, V>}
 */
class Recent extends Map {
  limit = 100_000;

  /** @param {string} key @param {V} value */
  put(key, value) {
    this.delete(key);
    this.set(key, value);
    if (this.size > this.limit) this.delete(this.keys().next().value);
  }
}

/** Nanoseconds of civil time as JSON has them: 2025-01-20T10:30:00.5. @param {bigint} ns */
function civil(ns) {
  const fraction = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (ns - fraction) / 1_000_000_000n;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return fraction ? `${text}.${fraction.toString().padStart(9, "0").replace(/0+$/, "")}` : text;
}

/** A value of either kind as the type of the JSON form. @param {Buffer} value @returns {ChatDto} */
function decode(value, contentType) {
  if (contentType !== "application/protobuf") return JSON.parse(value.toString());
  const chat = ChatMessage.toObject(ChatMessage.decode(value), { longs: String });
  return {
    roomUUID: chat.room_uuid,
    sender: chat.sender,
    content: chat.content,
    timestamp: civil(BigInt(chat.timestamp)),
  };
}

/** What came so far. */
class Reader {
  /** @type {Recent<boolean>} ce_id */
  ids = new Recent();
  /** @type {Recent<number>} room: its last ce_sequence */
  last = new Recent();
  counts = { records: 0, messages: 0, duplicates: 0, out_of_order: 0, skipped: 0 };

  /** One record of the topic. @param {import("kafkajs").KafkaMessage} record */
  take(record) {
    this.counts.records++;
    const header = (/** @type {string} */ name) => record.headers?.[name]?.toString();
    if ((header("ce_type") ?? TYPE) !== TYPE) return void this.counts.skipped++; // came later
    const id = header("ce_id"); // records of other producers have no headers
    let chat;
    let seq = 0;
    try {
      chat = decode(record.value, header("content-type"));
      if (id) seq = Number(BigInt(header("ce_sequence")));
    } catch (error) {
      // One bad record must not stop the partition.
      console.error(`skipped offset ${record.offset}: ${error}`);
      return void this.counts.skipped++;
    }
    if (id) {
      if (this.ids.has(id)) return void this.counts.duplicates++;
      this.ids.put(id, true);
      this.checkOrder(chat.roomUUID, seq);
    }
    this.counts.messages++;
    console.log([chat.roomUUID, id ? seq : "-", chat.sender, chat.timestamp, JSON.stringify(chat.content)].join("\t"));
  }

  /** Numbers of a room have no gaps; two servers that write at once may invert some. */
  checkOrder(/** @type {string} */ room, /** @type {number} */ seq) {
    const last = this.last.get(room) ?? seq - 1;
    if (seq !== last + 1) this.counts.out_of_order++;
    this.last.put(room, Math.max(seq, last));
  }
}

const { values: args } = parseArgs({
  options: {
    brokers: { type: "string", default: "127.0.0.1:9092" },
    topic: { type: "string", default: "chat" },
    group: { type: "string", default: "example-javascript" },
    until: { type: "string", default: "0" }, // end after so many records
  },
});
const reader = new Reader();
const consumer = new Kafka({ brokers: args.brokers.split(","), logLevel: logLevel.ERROR }).consumer({
  groupId: args.group,
  maxWaitTimeInMs: 500,
});
const until = Number(args.until);
const isDone = () => until !== 0 && reader.counts.records >= until;
let end;
const ended = new Promise((resolve) => (end = resolve));
process.once("SIGINT", end);
consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || end(payload.error));

await consumer.connect();
await consumer.subscribe({ topic: args.topic, fromBeginning: true });
await consumer.run({
  eachBatchAutoResolve: false, // committed is what was printed
  eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
    for (const record of batch.messages) {
      if (isDone()) break;
      reader.take(record);
      resolveOffset(record.offset);
      await heartbeat();
    }
    if (isDone()) end();
  },
});
const failure = await ended;
await consumer.disconnect();
console.log(JSON.stringify(reader.counts));
if (failure instanceof Error) throw failure;
