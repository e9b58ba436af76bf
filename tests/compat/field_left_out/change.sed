/^message Receipt/,/^}/s/  int64 id = 1;/  optional int64 id = 1 [(reuse.field).omit_null = true];/
