// A stock client says things to a room and hears what is said there, as its own documentation shows it.
//   node stock.mjs CLIENT URL ROOM USER LAST TEXT…
// says the TEXTs one right after the other, hears until LAST, and prints what it heard as JSON.
// CLIENT: a name of the table below; URL: http://…
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import {createRequire} from "node:module";
import {Client, Versions} from "@stomp/stompjs";
import SockJS from "sockjs-client";
import WebSocket from "ws";

const require = createRequire(import.meta.url);
const legacy = require("stompjs");
const webstomp = require("webstomp-client");

const [name, url, room, user, last, ...texts] = process.argv.slice(2);
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
const modern = (versions, options = {}) => () => {
  const protocols = versions.map((version) => `v${version.replace(".", "")}.stomp`);
  const client = new Client({
    webSocketFactory: () => new WebSocket(wsEndpoint, protocols),
    stompVersions: new Versions(versions),
    connectHeaders: {sender: user},
    heartbeatIncoming: 10000,
    heartbeatOutgoing: 10000,
    ...options,
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
};

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

// By one transport of sockjs-client, which sends bodies in chunks here; leaving checks that it was used.
function legacyOverSockJs(transport) {
  return () => {
    const socket = new SockJS(endpoint, null, {transports: [transport]});
    const client = legacyOver(() => legacy.over(socket))();
    return {...client, leave: () => {
      assert.equal(socket.transport, transport);
      return client.leave();
    }};
  };
}

const CLIENTS = {
  "stompjs2": legacyOver(() => legacy.overWS(wsEndpoint)),
  "stompjs2-sockjs": legacyOverSockJs("websocket"),
  "stompjs2-sockjs-xhr-streaming": legacyOverSockJs("xhr-streaming"),
  "stompjs2-sockjs-xhr-polling": legacyOverSockJs("xhr-polling"),
  "stompjs2-sockjs-eventsource": legacyOverSockJs("eventsource"),
  "stompjs7": modern(["1.2", "1.1", "1.0"]),
  "stompjs7-1.2": modern(["1.2"]),
  "stompjs7-1.1": modern(["1.1"]),
  "stompjs7-1.0": modern(["1.0"]),
  "stompjs7-binary": modern(["1.2"], {forceBinaryWSFrames: true}),
  "stompjs7-split": modern(["1.2"], {splitLargeFrames: true, maxWebSocketChunkSize: 10}),
  "webstomp": webstompClient,
};

async function main() {
  const client = CLIENTS[name]();
  const heard = [];
  await client.connect();
  const done = new Promise((resolve) => {
    client.subscribe(`/sub/chat/room/${room}`, (message) => {
      heard.push(JSON.parse(message.body));
      if (heard.at(-1).content === last) {
        resolve();
      }
    });
  });
  for (const content of texts) {
    client.send(`/pub/room/${room}/message`, JSON.stringify({roomUUID: room, sender: user, content}));
  }
  await done;
  await client.leave();
  console.log(JSON.stringify(heard));
  process.exit(0);
}

setTimeout(() => {
  console.error("not within 60 s");
  process.exit(1);
}, 60000);
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
