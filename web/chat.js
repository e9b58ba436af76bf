// The chat page: signs a user in by name, keeps the list of chats and one open chat up to date.
// SPDX-License-Identifier: MIT
import {Api} from "./api.js";
import {Conversation} from "./conversation.js";
import {StompClient, ownEndpoint} from "./stomp.js";
import * as view from "./view.js";

const {$} = view;
const TYPING_EVERY_MS = 3000;
const TYPING_SHOWN_MS = 6000;

class Chat {
  constructor(user) {
    this.user = user;
    this.api = new Api(user);
    this.rooms = [];
    this.open = null; // a Conversation
    this.client = new StompClient(ownEndpoint(), {sender: user}, {
      state: (word, detail) => this.showState(word, detail),
      connected: () => this.attach(),
    });
  }

  start() {
    view.showMe(this.user);
    this.client.start();
    this.reload().then(() => this.follow());
  }

  stop() {
    this.client.stop();
  }

  // --- connection ---

  showState(word, detail) {
    const text = {
      connecting: () => "connecting…",
      // STOMP 1.2, "server": name/version, then a comment: the id of this server.
      online: () => `on ${detail.server?.replace(/^\S+ /, "") ?? "the server"}`,
      waiting: () => `connection lost: next try in ${Math.ceil(detail.delay / 1000)} s`,
      refused: () => `refused: ${detail.message ?? detail.code}`,
      closed: () => "",
    }[word]();
    view.showStatus(word, text);
    if (word !== "online") {
      this.isOtherOnline = false; // nobody knows; the list tells it again after the next CONNECTED
      this.showTyping(false);
    }
  }

  // Everything is subscribed anew on each connection; rooms say from where.
  attach() {
    this.client.subscribe("/user/queue/errors", () => {});
    this.client.subscribe("/user/queue/rooms", () => this.reload());
    this.reload();
    if (this.open) {
      this.attachRoom(this.open);
    }
  }

  // --- list of chats ---

  // One request at a time; what happens meanwhile asks for one more.
  async reload() {
    if (this.loading) {
      this.loadAgain = true;
      return this.loading;
    }
    this.loading = this.load();
    await this.loading;
    this.loading = null;
    if (this.loadAgain) {
      this.loadAgain = false;
      await this.reload();
    }
  }

  async load() {
    try {
      const page = await this.api.inbox();
      this.rooms = page.items;
      view.showTitle(page.totalUnread);
      this.showRooms();
    } catch (error) {
      console.warn("inbox", error); // the connection's state tells a person
    }
  }

  showRooms() {
    view.showRooms(this.rooms, this.user, this.open?.room);
    const item = this.rooms.find((r) => r.roomUUID === this.open?.room);
    if (item) {
      view.showRoomHead(item);
      this.isOtherOnline = item.otherOnline && this.client.isOnline;
      this.open.other = item.other;
      this.open.mark("read", item.otherReadSeq);
      this.showPresence();
    }
  }

  async create(other, product) {
    const [membership] = await this.api.createRoom(other, product);
    await this.reload();
    location.hash = membership.room.roomUUID;
  }

  // --- the open chat ---

  // The address says which chat is open: back and forward work.
  follow() {
    const room = location.hash.slice(1);
    if (this.open?.room === room) {
      return;
    }
    this.leaveRoom();
    view.showPane(room !== "");
    if (room !== "") {
      this.enterRoom(room);
    }
    this.showRooms();
  }

  leaveRoom() {
    for (const subscription of this.open?.subscriptions ?? []) {
      this.client.unsubscribe(subscription.id);
    }
    this.open = null;
    this.showTyping(false);
    view.showNotice(null);
  }

  async enterRoom(room) {
    const conversation = new Conversation(room, this.user);
    this.open = conversation;
    view.showMessages(conversation);
    $("text").value = "";
    this.fit();
    try {
      await this.loadNewest(conversation);
    } catch (error) {
      view.showNotice(`This chat cannot be shown: ${error.message}`);
      return;
    }
    if (this.open !== conversation) {
      return;
    }
    this.show(true);
    if (matchMedia("(hover: hover)").matches) {
      $("text").focus(); // not on phones: the keyboard would cover the chat
    }
    conversation.isLoaded = true;
    if (this.client.isOnline) {
      this.attachRoom(conversation);
    }
  }

  async loadNewest(conversation) {
    conversation.addPage(await this.api.messages(conversation.room));
  }

  async loadOlder() {
    const conversation = this.open;
    conversation.addPage(await this.api.messages(conversation.room, conversation.firstSeq));
    const {fromEnd} = view.showMessages(conversation);
    $("scroll").scrollTop = $("scroll").scrollHeight - fromEnd;
  }

  // Live from the last known message on: nothing is missed, nothing comes twice.
  async attachRoom(conversation) {
    if (!conversation.isLoaded) {
      return;
    }
    const at = `/sub/chat/room/${conversation.room}`;
    const live = this.client.subscribe(at, (frame) => this.onMessage(conversation, frame),
      {since: conversation.lastSeq});
    const events = this.client.subscribe(`${at}/event`, (frame) =>
      this.onEvent(conversation, JSON.parse(frame.body)));
    conversation.subscriptions = [live, events];
    events.done.catch(() => {});
    try {
      const receipt = await live.done;
      if (receipt.recovered === "false") { // too much happened meanwhile
        conversation.reset();
        await this.loadNewest(conversation);
        this.show(true);
      }
    } catch (error) {
      if (error.code !== "lost") {
        view.showNotice(error.message);
      }
      return;
    }
    conversation.outgoing.filter((m) => !m.error).forEach((m) => this.transmit(conversation, m));
    this.markSeen();
  }

  onMessage(conversation, frame) {
    if (conversation !== this.open || !conversation.addLive(frame)) {
      this.show();
      return;
    }
    if (JSON.parse(frame.body).sender !== this.user) {
      this.showTyping(false);
    }
    this.show();
    this.markSeen();
  }

  onEvent(conversation, event) {
    if (conversation !== this.open) {
      return;
    }
    if ((event.type === "read" || event.type === "delivered") && event.user !== this.user) {
      conversation.mark(event.type, event.seq);
      this.show();
    } else if (event.type === "typing" && event.user !== this.user) {
      this.showTyping(event.typing);
    } else if (event.type === "presence" && event.user !== this.user) {
      this.isOtherOnline = event.online;
      this.showPresence();
      this.reload();
    } else if (event.type === "room.state") {
      view.showNotice(event.state === "open" ? null : `This chat is ${event.state}.`);
    }
  }

  show(toEnd = false) {
    if (!this.open) {
      return;
    }
    const {isAtEnd, last} = view.showMessages(this.open);
    if (toEnd || isAtEnd || last?.state === "sending") {
      view.scrollToEnd();
    } else {
      $("jump").hidden = false;
    }
  }

  // Tells the other side what has arrived, and what was seen if somebody looks.
  markSeen() {
    const conversation = this.open;
    const seq = conversation?.lastFromOther ?? 0;
    if (!conversation?.isLoaded || !this.client.isOnline) {
      return;
    }
    const isSeen = document.visibilityState === "visible" && document.hasFocus();
    const done = isSeen ? "read" : "delivered";
    if (seq > (conversation[done] ?? 0)) {
      conversation[done] = seq;
      this.client.send("SEND", {destination: `/pub/room/${conversation.room}/${done}`},
        JSON.stringify({seq}));
      if (isSeen) {
        this.reload();
      }
    }
  }

  // --- writing ---

  say(content) {
    if (content.trim() === "" || !this.open) {
      return;
    }
    const message = this.open.queue(content);
    this.show();
    this.transmit(this.open, message);
    this.typed(false);
  }

  // The key makes a repeat harmless: after a lost connection the same message is sent again.
  async transmit(conversation, message) {
    message.error = null;
    try {
      const receipt = await this.client.ask("SEND", {
        "destination": `/pub/room/${conversation.room}/message`,
        "content-type": "application/json",
        "idempotency-key": message.key,
      }, JSON.stringify({content: message.content}));
      conversation.stored(message.key, receipt);
    } catch (error) {
      if (error.code === "lost") {
        return; // attachRoom sends it again
      }
      message.error = `${error.message}.`;
    }
    if (conversation === this.open) {
      this.show();
    }
  }

  retry(key) {
    const message = this.open?.outgoing.find((m) => m.key === key);
    if (message) {
      this.transmit(this.open, message);
      this.show();
    }
  }

  // Tells the other side, every few seconds at most.
  typed(isTyping) {
    const now = Date.now();
    const isDue = isTyping ? now - (this.typedAt ?? 0) > TYPING_EVERY_MS : this.typedAt > 0;
    if (this.open && isDue) {
      this.typedAt = isTyping ? now : 0;
      this.client.send("SEND", {destination: `/pub/room/${this.open.room}/typing`},
        JSON.stringify({typing: isTyping}));
    }
  }

  showTyping(isTyping) {
    clearTimeout(this.typingTimer);
    this.isOtherTyping = isTyping;
    this.showPresence();
    if (isTyping) {
      this.typingTimer = setTimeout(() => this.showTyping(false), TYPING_SHOWN_MS);
    }
  }

  showPresence() {
    view.showPresence(this.isOtherOnline === true, this.isOtherTyping === true);
  }

  fit() {
    const text = $("text");
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }
}

// --- the page's controls ---

let chat = null;

function signIn(name) {
  chat?.stop();
  localStorage.setItem("user", name);
  sessionStorage.setItem("user", name); // a second tab may be somebody else
  chat = new Chat(name);
  chat.start();
}

function askWho() {
  $("who-name").value = localStorage.getItem("user") ?? "";
  $("who-dialog").showModal();
}

function submit() {
  chat.say($("text").value);
  $("text").value = "";
  chat.fit();
}

function wireDialogs() {
  $("who-form").addEventListener("submit", () => signIn($("who-name").value.trim()));
  $("who-dialog").addEventListener("cancel", (event) => chat ?? event.preventDefault());
  $("leave").addEventListener("click", () => {
    location.hash = "";
    askWho();
  });
  $("new-chat").addEventListener("click", () => {
    $("new-form").reset();
    view.setText($("new-fault"), "");
    $("new-dialog").showModal();
  });
  $("new-cancel").addEventListener("click", () => $("new-dialog").close());
  $("new-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await chat.create($("new-other").value.trim(), $("new-product").value.trim());
      $("new-dialog").close();
    } catch (error) {
      view.setText($("new-fault"), error.message);
    }
  });
}

function wireRoom() {
  $("back").addEventListener("click", () => {
    location.hash = "";
  });
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  $("text").addEventListener("keydown", (event) => {
    // isComposing: Enter ends a Korean syllable first.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  $("text").addEventListener("input", () => {
    chat.fit();
    chat.typed($("text").value !== "");
  });
  $("messages").addEventListener("click", (event) => {
    if (event.target.dataset.retry) {
      chat.retry(event.target.dataset.retry);
    }
  });
  $("older").addEventListener("click", () => chat.loadOlder());
  $("jump").addEventListener("click", () => view.scrollToEnd());
  $("scroll").addEventListener("scroll", () => {
    const scroll = $("scroll");
    if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80) {
      $("jump").hidden = true;
    }
  }, {passive: true});
}

addEventListener("hashchange", () => chat?.follow());
addEventListener("focus", () => chat?.markSeen());
document.addEventListener("visibilitychange", () => chat?.markSeen());
wireDialogs();
wireRoom();
const known = new URLSearchParams(location.search).get("user") ?? sessionStorage.getItem("user")
  ?? localStorage.getItem("user");
if (known) {
  signIn(known);
} else {
  askWho();
}
