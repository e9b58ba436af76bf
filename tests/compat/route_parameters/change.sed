s/query: \["size", "kind"\]/query: ["size"]/
