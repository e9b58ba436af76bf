// What is known of one open room: its messages by seq, those still on their way, and how far the
// other member has got. No network, no page.
// SPDX-License-Identifier: MIT

// crypto.randomUUID is missing on pages that came over plain HTTP from another host.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Conversation {
  constructor(room, me) {
    this.room = room;
    this.me = me;
    this.reset();
    this.outgoing = []; // {key, content, sentAt, error}: not yet stored, in order
    this.otherReceived = 0;
    this.otherRead = 0;
    this.isClosed = false;
  }

  // Forgets what was loaded; the outgoing ones stay.
  reset() {
    this.bySeq = new Map();
    this.loose = []; // from producers that write to Kafka without us: live only, no seq
    this.lastSeq = 0;
    this.hasMore = false;
  }

  // A page of history, newest or older.
  addPage(page) {
    for (const item of page.items) {
      this.put(item.seq, item.sender, item.content, Date.parse(item.timestamp));
    }
    this.hasMore = page.hasMore;
    for (const [user, seq] of Object.entries(page.read ?? {})) {
      if (user !== this.me) {
        this.mark("read", seq);
      }
    }
  }

  // A MESSAGE frame; true if it was not known.
  addLive(frame) {
    const {content, sender} = JSON.parse(frame.body);
    const at = Number(frame.headers.timestamp);
    const sent = this.settle(frame.headers["idempotency-key"]);
    if (!frame.headers.seq) {
      this.loose.push({id: frame.headers["message-id"], sender, content, at, after: this.lastSeq});
      return true;
    }
    return this.put(Number(frame.headers.seq), sender, content, at, sent?.key);
  }

  // key: of one that was on the page already, as outgoing.
  put(seq, sender, content, at, key) {
    const isNew = !this.bySeq.has(seq);
    if (isNew) {
      this.bySeq.set(seq, {seq, id: key ?? `m-${seq}`, sender, content, at});
      this.lastSeq = Math.max(this.lastSeq, seq);
    }
    return isNew;
  }

  // One of ours is stored, whether its RECEIPT or its MESSAGE came first.
  stored(key, receipt) {
    const sent = this.settle(key);
    if (sent) {
      this.put(Number(receipt.seq), this.me, sent.content, Number(receipt.timestamp), key);
    }
  }

  settle(key) {
    const at = key ? this.outgoing.findIndex((m) => m.key === key) : -1;
    return at < 0 ? null : this.outgoing.splice(at, 1)[0];
  }

  queue(content) {
    const message = {key: newKey(), content, sentAt: Date.now(), error: null};
    this.outgoing.push(message);
    return message;
  }

  mark(type, seq) {
    if (type === "read") {
      this.otherRead = Math.max(this.otherRead, seq);
    }
    this.otherReceived = Math.max(this.otherReceived, seq);
  }

  get firstSeq() {
    return Math.min(...this.bySeq.keys());
  }

  // The last seq that the other member wrote: what there is to mark as read.
  get lastFromOther() {
    return Math.max(0, ...[...this.bySeq.values()]
      .filter((m) => m.sender !== this.me).map((m) => m.seq));
  }

  // For the page: {id, sender, content, at, isMine, state, error?} in order.
  list() {
    const known = [...this.bySeq.values()].map((m) => ({
      order: m.seq, ...m, isMine: m.sender === this.me, state: this.stateOf(m),
    }));
    const loose = this.loose.map((m) => ({
      order: m.after + 0.5, ...m, isMine: m.sender === this.me, state: "stored",
    }));
    const outgoing = this.outgoing.map((m) => ({
      id: m.key, order: Infinity, sender: this.me, content: m.content, at: m.sentAt, isMine: true,
      state: m.error ? "failed" : "sending", error: m.error, key: m.key,
    }));
    return [...known, ...loose].sort((a, b) => a.order - b.order).concat(outgoing);
  }

  stateOf(message) {
    if (message.seq <= this.otherRead) {
      return "read";
    }
    return message.seq <= this.otherReceived ? "received" : "stored";
  }
}
