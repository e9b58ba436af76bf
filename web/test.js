// The test pages: one connection by hand, every frame shown as it is.
// SPDX-License-Identifier: MIT
import {StompClient, ownEndpoint} from "./stomp.js";

const $ = (id) => document.getElementById(id);
let client = null;

function showFrame(direction, text) {
  const line = document.createElement("li");
  const frame = document.createElement("pre");
  frame.className = direction;
  frame.textContent = `${direction === "in" ? "←" : "→"} ${text.replace("\0", "^@")}`;
  line.append(frame);
  $("frames").prepend(line);
}

function on(form, act) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

on("connection", () => {
  client?.stop();
  client = new StompClient($("url")?.value ?? ownEndpoint(), {sender: $("sender").value}, {
    state: (word, detail) => {
      $("state").value = `${word} ${detail?.server ?? detail?.message ?? ""}`;
    },
    connected: () => client.subscribe("/user/queue/errors", () => {}),
    frame: showFrame,
  });
  client.start();
});
$("disconnect").addEventListener("click", () => client?.stop());

on("subscription", () => {
  const since = $("since").value;
  client?.subscribe(`/sub/chat/room/${$("room").value}`, () => {}, since ? {since} : {})
    .done.catch(() => {});
});

on("message", () => {
  client?.ask("SEND", {
    "destination": `/pub/room/${$("room").value}/message`, "content-type": "application/json",
  }, JSON.stringify({content: $("content").value})).catch(() => {});
  $("content").value = "";
});
