// node types.mjs LANGUAGE OUT [NAME=VALUE…] -- SCHEMA…: types of JSON Schemas, by quicktype. A type is named as
// its file is; NAME=VALUE are quicktype's options of that language. OUT is a folder if it ends in /.
// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { FetchingJSONSchemaStore, InputData, JSONSchemaInput, quicktypeMultiFile } from "quicktype-core";

const [lang, out, ...rest] = process.argv.slice(2);
const end = rest.indexOf("--");
const rendererOptions = Object.fromEntries(rest.slice(0, end).map((option) => option.split("=")));
const input = new JSONSchemaInput(new FetchingJSONSchemaStore());

for (const file of rest.slice(end + 1)) {
  await input.addSource({ name: basename(file, ".schema.json"), schema: readFileSync(file, "utf8") });
}
const inputData = new InputData();
inputData.addInput(input);
for (const [name, { lines }] of await quicktypeMultiFile({ inputData, lang, rendererOptions })) {
  writeFileSync(out.endsWith("/") ? join(out, name) : out, lines.join("\n"));
}
