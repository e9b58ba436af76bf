# Of a message that the server writes.
/^message Receipt/,/^}/s/  int64 id = 1;/  optional int64 id = 1;/
