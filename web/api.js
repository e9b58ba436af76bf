// REST calls of the chat page, as one user.
// SPDX-License-Identifier: MIT

export class Api {
  constructor(user) {
    this.user = user;
  }

  async call(method, path, body) {
    const answer = await fetch(path, {
      method,
      // fetch takes bytes as Latin-1 characters; the server reads the header as UTF-8.
      headers: {
        "X-Auth-User": String.fromCharCode(...new TextEncoder().encode(this.user)),
        ...(body ? {"Content-Type": "application/json"} : {}),
      },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    const value = text === "" ? null : JSON.parse(text);
    if (!answer.ok) {
      throw new Error(value?.detail ?? value?.title ?? value?.error ?? `status ${answer.status}`);
    }
    return value;
  }

  inbox() {
    return this.call("GET", "/room/inbox?limit=100");
  }

  createRoom(other, product) {
    const query = new URLSearchParams({user: other, name: product});
    return this.call("POST", `/room/create?${query}`);
  }

  // The newest messages of a room, or those before a seq.
  messages(room, before) {
    const query = before ? `?before=${before}` : "";
    return this.call("GET", `/chat/room/${room}/messages${query}`);
  }
}
