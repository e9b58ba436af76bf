// What stock clients say. The last is above the 16,384 units that stompjs 2.3.3 puts into one
// WebSocket message.
// SPDX-License-Identifier: MIT
export const TEXTS = ["hello", "안녕하세요 😀 \"quoted\" \\ back", "한".repeat(17000)];
