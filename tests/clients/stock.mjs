// A stock client says things to a room and hears them again, as its own documentation shows it.
//   node stock.mjs CLIENT URL ROOM USER      CLIENT: a name of the table below; URL: http://…
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import {createRequire} from "node:module";
import {Client} from "@stomp/stompjs";
import SockJS from "sockjs-client";
import WebSocket from "ws";
import {TEXTS} from "./texts.mjs";

const require = createRequire(import.meta.url);
const legacy = require("stompjs");
const webstomp = require("webstomp-client");

const [name, url, room, user] = process.argv.slice(2);
const endpoint = `${url}/ws-stomp`;
const wsEndpoint = endpoint.replace("http", "ws");

// stompjs 2.3.3, the client of the reference's pages: 1.0 to 1.2, cuts frames at 16,384 units.
function legacyOver(open) {
  return () => {
    const client = open();
    client.debug = null;
    return {
      connect: () => new Promise((resolve, reject) =>
        client.connect({sender: user}, resolve, reject)),
      subscribe: (at, hear) => client.subscribe(at, hear),
      send: (at, body) => client.send(at, {}, body),
      leave: () => new Promise((resolve) => client.disconnect(resolve)),
    };
  };
}

// @stomp/stompjs 7: a reconnecting client; leaving waits for the RECEIPT of DISCONNECT.
function modern() {
  const client = new Client({
    webSocketFactory: () => new WebSocket(wsEndpoint, ["v12.stomp", "v11.stomp", "v10.stomp"]),
    connectHeaders: {sender: user},
    heartbeatIncoming: 10000,
    heartbeatOutgoing: 10000,
  });
  return {
    connect: () => new Promise((resolve, reject) => {
      client.onConnect = resolve;
      client.onStompError = (frame) => reject(new Error(frame.headers.message));
      client.onWebSocketError = reject;
      client.activate();
    }),
    subscribe: (at, hear) => client.subscribe(at, hear),
    send: (at, body) => client.publish({destination: at, body}),
    leave: () => client.deactivate(),
  };
}

function webstompClient() {
  const client = webstomp.over(new WebSocket(wsEndpoint, webstomp.VERSIONS.supportedProtocols()),
    {debug: false});
  return {
    connect: () => new Promise((resolve, reject) =>
      client.connect({sender: user}, resolve, reject)),
    subscribe: (at, hear) => client.subscribe(at, hear),
    send: (at, body) => client.send(at, body),
    leave: () => new Promise((resolve) => client.disconnect(resolve)),
  };
}

const CLIENTS = {
  "stompjs2": legacyOver(() => legacy.overWS(wsEndpoint)),
  "stompjs2-sockjs": legacyOver(() =>
    legacy.over(new SockJS(endpoint, null, {transports: ["websocket"]}))),
  "stompjs7": modern,
  "webstomp": webstompClient,
};

async function main() {
  const client = CLIENTS[name]();
  const heard = [];
  await client.connect();
  const done = new Promise((resolve) => {
    client.subscribe(`/sub/chat/room/${room}`, (message) => {
      heard.push(JSON.parse(message.body));
      if (heard.length === TEXTS.length) {
        resolve();
      }
    });
  });
  for (const content of TEXTS) {
    client.send(`/pub/room/${room}/message`, JSON.stringify({roomUUID: room, sender: user, content}));
  }
  await done;
  assert.deepEqual(heard.map((m) => m.content), TEXTS);
  assert.deepEqual(heard.map((m) => m.sender), TEXTS.map(() => user));
  await client.leave();
  console.log("passed");
  process.exit(0);
}

setTimeout(() => {
  console.error("not within 30 s");
  process.exit(1);
}, 30000);
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
