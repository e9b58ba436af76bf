// stompjs 2.3.3 over SockJS in a browser, as the reference's own page does it, by one transport.
//   node sockjs_browser.mjs TRANSPORT URL ROOM USER LAST TEXT…      as stock.mjs
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import {createRequire} from "node:module";
import {chromium} from "playwright-core";

const require = createRequire(import.meta.url);
const [transport, url, room, user, last, ...texts] = process.argv.slice(2);

// Runs in the page; what it returns must have come over the wished transport.
function talk({transport, room, user, last, texts}) {
  return new Promise((resolve, reject) => {
    const socket = new SockJS("/ws-stomp", null, {transports: [transport]});
    const client = Stomp.over(socket);
    const heard = [];
    client.debug = null;
    client.connect({sender: user}, () => {
      client.subscribe(`/sub/chat/room/${room}`, (message) => {
        heard.push(JSON.parse(message.body));
        if (heard.at(-1).content === last) {
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
  const {used, heard} = await page.evaluate(talk, {transport, room, user, last, texts});
  assert.equal(used, transport);
  console.log(JSON.stringify(heard));
} finally {
  await browser.close();
}
