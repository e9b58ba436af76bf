// A client of the published types. A line after @ts-expect-error must not compile.
// SPDX-License-Identifier: MIT
import {
  send,
  subscribe,
  type BodyOf,
  type ChatDto,
  type Destination,
  type ErrorBody,
  type ErrorCode,
  type EventRecord,
  type MessageHeaders,
  type Routes,
} from "../../generated/contract/reuse-chat.js";

declare function publish<B>(to: Destination<B, "SEND">, body: B): void;
declare function listen<B>(to: Destination<B, "SUBSCRIBE">, on: (body: B, headers: MessageHeaders) => void): void;

publish(send.chatMessage("u"), { content: "hello" });
publish(send.chatMarkRead("u"), { seq: 7 });
// @ts-expect-error: a marker needs a seq
publish(send.chatMarkRead("u"), {});
// @ts-expect-error: one cannot SEND to what one subscribes to
publish(subscribe.chatMessage("u"), { content: "hello" });
// @ts-expect-error: a plain text is no destination
publish("/pub/room/u/message", { content: "hello" });
// @ts-expect-error: the room is needed
send.chatMessage();

listen(subscribe.chatMessage("u"), (body, headers) => {
  const dto: ChatDto = body;
  const seq: string | undefined = headers.seq;
  // @ts-expect-error: text may be null
  const text: string = dto.content;
});
listen(subscribe.eventRoomEvents("u"), (event) => {
  if (event.type === "typing") console.log(event.typing);
  // @ts-expect-error: no such event
  if (event.type === "dancing") console.log(event);
});

function take(record: EventRecord): string | null {
  switch (record.type) {
    case "reuse.chat.message.v1":
      return record.value.content;
    case "reuse.message.read.v1":
      return record.value.user;
    default:
      // @ts-expect-error: not all values have content
      return record.value.content;
  }
}

function word(error: ErrorBody): ErrorCode {
  return error.code;
}
// @ts-expect-error: no such code
const wrong: ErrorCode = "no_such_code";

const page: Routes["GET /chat/room/{roomUUID}/messages"]["query"] = { before: 8, limit: 50 };
const sent: Routes["POST /chat/room/{roomUUID}/messages"]["answer"]["seq"] = 7;
const typing: BodyOf<ReturnType<typeof send.chatTyping>> = { typing: true };
declare const console: { log(...what: unknown[]): void };
export { take, word, wrong, page, sent, typing };
