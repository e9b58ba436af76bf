// The page: writes what it is given into the document, always as text, and knows no network.
// SPDX-License-Identifier: MIT

export const $ = (id) => document.getElementById(id);

const TICKS = {
  sending: ["◷", "sending"],
  stored: ["✓", "sent"],
  received: ["✓✓", "delivered"],
  read: ["✓✓", "read"],
  failed: ["!", "not sent"],
};
const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"});
const day = new Intl.DateTimeFormat(undefined, {weekday: "long", day: "numeric", month: "long"});
const shortDay = new Intl.DateTimeFormat(undefined, {day: "numeric", month: "short"});

export function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text ?? "";
  return made;
}

export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

// The first letter of a name, as a person sees it, on a colour that belongs to the name.
export function paintAvatar(node, name) {
  setText(node, [...name][0]?.toUpperCase() ?? "?");
  let hue = 0;
  for (const c of name) {
    hue = (hue * 31 + c.codePointAt(0)) % 360;
  }
  node.style.setProperty("--hue", hue);
}

// Makes the children of parent those of items, keeping the nodes of known keys.
function reconcile(parent, items, make, update) {
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, i) => {
    const node = known.get(item.id) ?? make(item);
    node.dataset.key = item.id;
    known.delete(item.id);
    update(node, item);
    if (parent.children[i] !== node) {
      parent.insertBefore(node, parent.children[i] ?? null);
    }
  });
  for (const node of known.values()) {
    node.remove();
  }
}

function part(node, className) {
  return node.getElementsByClassName(className)[0];
}

// --- the list of chats ---

function makeRoom() {
  const node = element("li", "");
  const link = element("a", "entry");
  const who = element("span", "who");
  const top = element("span", "line");
  top.append(element("b", "name"), element("time", "when"));
  const bottom = element("span", "line");
  bottom.append(element("span", "preview"), element("span", "badge"));
  who.append(top, element("span", "product"), bottom);
  const avatar = element("span", "avatar");
  avatar.setAttribute("aria-hidden", "true");
  link.append(avatar, who);
  node.append(link);
  return node;
}

function previewOf(item, me) {
  const last = item.lastMessage;
  if (!last) {
    return "No messages yet";
  }
  return last.sender === me ? `You: ${last.content}` : last.content;
}

function whenOf(timestamp) {
  const at = new Date(timestamp ?? NaN);
  if (Number.isNaN(at.getTime())) {
    return "";
  }
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : shortDay.format(at);
}

export function showRooms(items, me, openRoom) {
  reconcile($("rooms"), items.map((item) => ({id: item.roomUUID, item})), makeRoom,
    (node, {item}) => {
      const link = node.firstChild;
      link.href = `#${item.roomUUID}`;
      link.setAttribute("aria-current", item.roomUUID === openRoom ? "page" : "false");
      paintAvatar(part(node, "avatar"), item.other);
      part(node, "avatar").classList.toggle("online", item.otherOnline);
      setText(part(node, "name"), item.other);
      setText(part(node, "product"), item.productName ?? "");
      setText(part(node, "when"), whenOf(item.updatedAt));
      setText(part(node, "preview"), previewOf(item, me));
      const badge = part(node, "badge");
      setText(badge, item.unread > 0 ? String(item.unread) : "");
      badge.setAttribute("aria-label", item.unread > 0 ? `${item.unread} unread` : "");
    });
  $("no-rooms").hidden = items.length > 0;
}

// --- an open chat ---

function makeMessage(item) {
  if (item.day) {
    return element("li", "day");
  }
  const node = element("li", "message");
  const bubble = element("div", "bubble");
  const meta = element("span", "meta");
  meta.append(element("time", "when"), element("span", "ticks"));
  bubble.append(element("span", "hidden author"), element("p", "content"), meta);
  node.append(bubble);
  return node;
}

// Messages are text only: nothing that a user wrote is ever read as markup.
function updateMessage(node, item) {
  if (item.day) {
    setText(node, item.day);
    return;
  }
  node.classList.toggle("mine", item.isMine);
  node.classList.toggle("follows", item.follows);
  node.classList.toggle("emoji", /^(\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,8}$/u
    .test(item.content) && /\p{Extended_Pictographic}/u.test(item.content));
  setText(part(node, "author"), item.isMine ? "You: " : `${item.sender}: `);
  setText(part(node, "content"), item.content);
  setText(part(node, "when"), clock.format(item.at));
  const ticks = part(node, "ticks");
  node.dataset.state = item.isMine ? item.state : "";
  const [sign, word] = item.isMine ? TICKS[item.state] : ["", ""];
  setText(ticks, sign);
  ticks.className = `ticks ${item.state}`;
  ticks.title = word;
  ticks.setAttribute("role", "img");
  ticks.setAttribute("aria-label", word);
  updateFault(node, item);
}

function updateFault(node, item) {
  let fault = part(node, "fault");
  if (!item.error) {
    fault?.remove();
    return;
  }
  if (!fault) {
    fault = element("button", "fault");
    fault.type = "button";
    fault.dataset.retry = item.key;
    node.append(fault);
  }
  setText(fault, `${item.error} Try again`);
}

// Days between, and whether a message continues the one above it.
function withDays(messages) {
  const items = [];
  let before = null;
  for (const message of messages) {
    const at = new Date(message.at);
    const isNewDay = !before || new Date(before.at).toDateString() !== at.toDateString();
    if (isNewDay) {
      items.push({id: `day-${at.toDateString()}`, day: day.format(at)});
    }
    const follows = !isNewDay && before.sender === message.sender
      && message.at - before.at < 5 * 60 * 1000;
    items.push({...message, follows});
    before = message;
  }
  return items;
}

export function showMessages(conversation) {
  const scroll = $("scroll");
  const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  const fromEnd = scroll.scrollHeight - scroll.scrollTop;
  const list = conversation.list();
  reconcile($("messages"), withDays(list), makeMessage, updateMessage);
  $("older").hidden = !conversation.hasMore;
  return {isAtEnd, fromEnd, last: list.at(-1)};
}

export function scrollToEnd() {
  $("scroll").scrollTop = $("scroll").scrollHeight;
  $("jump").hidden = true;
}

export function showRoomHead(item) {
  paintAvatar($("other-avatar"), item.other);
  setText($("other-name"), item.other);
  setText($("product"), item.productName ?? "");
}

export function showPresence(isOnline, isTyping) {
  $("other-avatar").classList.toggle("online", isOnline);
  setText($("presence"), isTyping ? "is typing…" : isOnline ? "online" : "");
  $("presence").classList.toggle("typing", isTyping);
}

// The one line above the composer: what is wrong, or nothing.
export function showNotice(text) {
  $("notice").hidden = !text;
  setText($("notice"), text ?? "");
}

// --- who and where ---

export function showMe(name) {
  paintAvatar($("me-avatar"), name);
  setText($("me-name"), name);
}

// In the list's foot, and on phones in the open chat's head too.
export function showStatus(word, text) {
  for (const node of [$("status"), $("room-status")]) {
    node.classList.remove("connecting", "online", "waiting", "refused", "closed");
    node.classList.add(word);
    setText(node, text);
  }
  $("app").classList.toggle("offline", word !== "online");
}

export function showPane(isRoomOpen) {
  $("app").classList.toggle("in-room", isRoomOpen);
  $("room").hidden = !isRoomOpen;
  $("welcome").hidden = isRoomOpen;
}

export function showTitle(unread) {
  document.title = unread > 0 ? `(${unread}) Re:Use Chat` : "Re:Use Chat";
}
