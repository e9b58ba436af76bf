// Shows the REST contract of the server that this page comes from.
// SPDX-License-Identifier: MIT
SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#view",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
