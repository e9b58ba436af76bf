s/optional string note = 2 /optional bytes note = 2 /
s/^  int64 id = 1;/  repeated int64 id = 1;/
s/\\"id\\":1,/\\"id\\":[1],/
