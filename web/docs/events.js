// Shows the contract of STOMP and Kafka of the server that this page comes from.
// SPDX-License-Identifier: MIT
AsyncApiStandalone.render(
  { schema: { url: "/schema/asyncapi.json" }, config: { show: { sidebar: true } } },
  document.getElementById("view"),
);
