# Neither number nor name is reserved.
/  \/\/ Words\./d
/ note = 2 /d
s/\\"note\\":null,//
