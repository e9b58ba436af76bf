// STOMP 1.2 over one WebSocket that comes back by itself: frames, receipts, heart-beats, reconnect.
// Our own because the pages are served without a download or a build step; what the protocol leaves
// open (subscribing again, sending again) is the caller's, who knows what was seen.
// SPDX-License-Identifier: MIT

const ESCAPED = {"\\": "\\\\", "\r": "\\r", "\n": "\\n", ":": "\\c"};
const PLAIN = {"\\\\": "\\", "\\r": "\r", "\\n": "\n", "\\c": ":"};
const HEARTBEAT_MS = 10000;
const SILENCE_MS = 25000;
const BACKOFF_MS = [300, 1000, 2000, 4000, 8000];

export function encodeFrame(command, headers, body = "") {
  // STOMP 1.2, "Value Encoding": CONNECT alone is not escaped.
  const text = command === "CONNECT" ? String
    : (value) => String(value).replace(/[\\\r\n:]/g, (c) => ESCAPED[c]);
  const lines = Object.entries(headers).map(([name, value]) => `${text(name)}:${text(value)}`);
  return [command, ...lines, "", body].join("\n") + "\0";
}

// One frame of one WebSocket message; null for a heart-beat.
export function decodeFrame(data) {
  if (data.trim() === "") {
    return null;
  }
  const end = data.indexOf("\n\n");
  const [command, ...lines] = data.slice(0, end).split("\n");
  const plain = (s) => (command === "CONNECTED" ? s : s.replace(/\\[\\rnc]/g, (c) => PLAIN[c]));
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = plain(line.slice(0, colon));
    if (!(name in headers)) {
      headers[name] = plain(line.slice(colon + 1));
    }
  }
  return {command, headers, body: data.slice(end + 2).replace(/\0\s*$/, "")};
}

// Why a frame got no receipt: code is the server's word, or "lost" when the connection went.
export class StompError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class StompClient {
  // on.state(word, detail): "connecting", "online", "waiting", "refused", "closed"
  // on.connected(headers): subscribe now; nothing of a former connection is left
  // on.frame(direction, text): optional, every frame as it is
  constructor(url, connectHeaders, on) {
    this.url = url;
    this.connectHeaders = connectHeaders;
    this.on = on;
    this.failures = 0;
    this.nextId = 1;
    this.wake = () => this.retryTimer && this.open();
  }

  start() {
    addEventListener("online", this.wake);
    this.open();
  }

  stop() {
    removeEventListener("online", this.wake);
    clearTimeout(this.retryTimer);
    this.send("DISCONNECT", {});
    this.forget();
    this.on.state("closed");
  }

  get isOnline() {
    return this.ready === true;
  }

  open() {
    clearTimeout(this.retryTimer);
    this.retryTimer = null;
    this.forget();
    this.on.state("connecting");
    const socket = new WebSocket(this.url, ["v12.stomp"]);
    this.socket = socket;
    this.heard = Date.now();
    this.watch = setInterval(() => this.checkSilence(), HEARTBEAT_MS / 2);
    socket.onopen = () => this.send("CONNECT", {
      "accept-version": "1.2", "heart-beat": `${HEARTBEAT_MS},${HEARTBEAT_MS}`,
      ...this.connectHeaders,
    });
    socket.onmessage = (event) => this.take(event.data);
    socket.onclose = (event) => this.lost(event.reason);
  }

  // Lets go of the socket without waiting for the network to notice.
  forget() {
    clearInterval(this.watch);
    clearInterval(this.beat);
    this.ready = false;
    if (this.socket) {
      this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
      this.socket.close();
      this.socket = null;
    }
    const lost = new StompError("lost", "the connection was lost");
    for (const waiting of (this.receipts ?? new Map()).values()) {
      waiting.reject(lost);
    }
    this.receipts = new Map();
    this.subscriptions = new Map();
  }

  checkSilence() {
    if (Date.now() - this.heard > SILENCE_MS) {
      this.lost("silence");
    }
  }

  lost(reason) {
    this.forget();
    if (this.refusal) {
      this.on.state("refused", this.refusal);
      this.refusal = null;
      return;
    }
    const step = BACKOFF_MS[Math.min(this.failures++, BACKOFF_MS.length - 1)];
    const delay = Math.round(step * (0.75 + Math.random() / 2));
    this.on.state("waiting", {delay, reason});
    this.retryTimer = setTimeout(() => this.open(), delay);
  }

  send(command, headers, body) {
    if (this.socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    const text = encodeFrame(command, headers, body);
    this.on.frame?.("out", text);
    this.socket.send(text);
    return true;
  }

  // Sends a frame; the promise brings the headers of its RECEIPT.
  ask(command, headers, body) {
    return new Promise((resolve, reject) => {
      const receipt = `r-${this.nextId++}`;
      if (!this.ready || !this.send(command, {...headers, receipt}, body)) {
        reject(new StompError("lost", "not connected"));
        return;
      }
      this.receipts.set(receipt, {resolve, reject});
    });
  }

  // onMessage(frame); {id, done}: done brings the RECEIPT.
  subscribe(destination, onMessage, headers = {}) {
    const id = `s-${this.nextId++}`;
    this.subscriptions.set(id, onMessage);
    const done = this.ask("SUBSCRIBE", {id, destination, ...headers});
    done.catch(() => this.subscriptions.delete(id));
    return {id, done};
  }

  unsubscribe(id) {
    this.subscriptions.delete(id);
    this.send("UNSUBSCRIBE", {id});
  }

  take(data) {
    this.heard = Date.now();
    this.on.frame?.("in", data);
    const frame = decodeFrame(data);
    if (frame === null) {
      return;
    }
    const receipt = frame.headers["receipt-id"];
    if (frame.command === "CONNECTED") {
      this.connected(frame.headers);
    } else if (frame.command === "RECEIPT") {
      this.receipts.get(receipt)?.resolve(frame.headers);
      this.receipts.delete(receipt);
    } else if (frame.command === "MESSAGE") {
      this.refuse(receipt, frame.headers);
      this.subscriptions.get(frame.headers.subscription)?.(frame);
    } else if (frame.command === "ERROR") {
      this.refuse(receipt, frame.headers);
      if (frame.headers.retry !== "true") {
        this.refusal = frame.headers;
      }
    }
  }

  // A soft error (a MESSAGE on /user/queue/errors) or a fatal one answers the frame it is about.
  refuse(receipt, headers) {
    this.receipts.get(receipt)?.reject(new StompError(headers.code, headers.message));
    this.receipts.delete(receipt);
  }

  connected(headers) {
    this.failures = 0;
    this.ready = true;
    const wanted = Number((headers["heart-beat"] ?? "0,0").split(",")[1]);
    if (wanted > 0) {
      this.beat = setInterval(() => this.socket?.send("\n"), Math.max(wanted, HEARTBEAT_MS));
    }
    this.on.state("online", headers);
    this.on.connected(headers);
  }
}

// The server's own endpoint.
export function ownEndpoint() {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws-stomp`;
}
