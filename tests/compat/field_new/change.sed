# Nothing that anybody relies on.
s/^  \/\/ Words\./  \/\/ Colour.\n  optional string colour = 7 [(reuse.field) = {max_chars: 9}];\n  \/\/ Words./
s/\\"thing\\":1,/\\"thing\\":1,\\"colour\\":null,/
s/max_chars: 100\}/max_chars: 200}/
s/error: \["sold_out"\]/error: ["sold_out", "internal"]/
