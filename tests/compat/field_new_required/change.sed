s/^  \/\/ Words\./  \/\/ Colour.\n  optional string colour = 7 [(reuse.field) = {required: true, max_chars: 9}];\n  \/\/ Words./
s/\\"thing\\":1,/\\"thing\\":1,\\"colour\\":\\"red\\",/
