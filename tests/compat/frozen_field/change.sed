/^message Thing \{/,/^}/s/  optional string name = 2.*/&\n  \/\/ Price.\n  optional int64 price = 3;/
s/\\"id\\":1,\\"name\\":null/&,\\"price\\":null/
