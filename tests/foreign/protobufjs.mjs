// protobufjs reads and writes every message: a line "FULL.NAME BASE64" is decoded and encoded again.
// Usage: node protobufjs.mjs IMAGE, which protoc wrote with --include_imports
// SPDX-License-Identifier: MIT
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../examples/", import.meta.url)); // its node_modules
const protobuf = require("protobufjs");
require("protobufjs/ext/descriptor");

const root = protobuf.Root.fromDescriptor(readFileSync(process.argv[2]));
const lines = readFileSync(0, "utf8").split("\n").filter(Boolean);

for (const line of lines) {
  const [name, text] = line.split(" ");
  const type = root.lookupType(name);
  const value = type.toObject(type.decode(Buffer.from(text, "base64"))); // and from plain values
  console.log(Buffer.from(type.encode(type.fromObject(value)).finish()).toString("base64"));
}
