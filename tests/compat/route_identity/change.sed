s/user: "by", status/user: "by", identity: "always", status/
