// stompjs 2.3.3 over SockJS in a browser, as the reference's own page does it, by one transport.
//   node sockjs_browser.mjs TRANSPORT URL ROOM USER
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import {createRequire} from "node:module";
import {chromium} from "playwright-core";
import {TEXTS} from "./texts.mjs";

const require = createRequire(import.meta.url);
const [transport, url, room, user] = process.argv.slice(2);

// Runs in the page; what it returns must have come over the wished transport.
function talk({transport, room, user, texts}) {
  return new Promise((resolve, reject) => {
    const socket = new SockJS("/ws-stomp", null, {transports: [transport]});
    const client = Stomp.over(socket);
    const heard = [];
    client.debug = null;
    client.connect({sender: user}, () => {
      client.subscribe(`/sub/chat/room/${room}`, (message) => {
        heard.push(JSON.parse(message.body).content);
        if (heard.length === texts.length) {
          const used = socket.transport;
          client.disconnect(() => resolve({used, heard}));
        }
      });
      for (const content of texts) {
        client.send(`/pub/room/${room}/message`, {},
          JSON.stringify({roomUUID: room, sender: user, content}));
      }
    }, (error) => reject(new Error(String(error))));
  });
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"],
});
try {
  const page = await (await browser.newContext({bypassCSP: true})).newPage();
  await page.goto(`${url}/test/`);
  await page.addScriptTag({path: require.resolve("sockjs-client/dist/sockjs.min.js")});
  await page.addScriptTag({path: require.resolve("stompjs/lib/stomp.min.js")});
  const {used, heard} = await page.evaluate(talk, {transport, room, user, texts: TEXTS});
  assert.equal(used, transport);
  assert.deepEqual(heard, TEXTS);
  console.log("passed");
} finally {
  await browser.close();
}
