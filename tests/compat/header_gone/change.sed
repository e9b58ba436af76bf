/Asks for an answer/d
s/^  optional string receipt = 1 .*/  reserved 1; reserved "receipt";/
