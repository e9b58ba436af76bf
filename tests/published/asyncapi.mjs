// Prints what the AsyncAPI parser has against a document, from warnings on, as JSON.
// SPDX-License-Identifier: MIT
import fs from "node:fs";
import { createRequire } from "node:module";

const { Parser } = createRequire(new URL("../../web/docs/package.json", import.meta.url))(
  "@asyncapi/parser",
);
const found = await new Parser().validate(fs.readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(found.filter((d) => d.severity < 2))); // 2: there is an AsyncAPI 3.1
