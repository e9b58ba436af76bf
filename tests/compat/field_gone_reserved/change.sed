# That is how a field goes.
/  \/\/ Words\./d
s/^  optional string note = 2 .*/  reserved 2; reserved "note";/
s/\\"note\\":null,//
