/^\/\/ How an order stands/,/^}/d
s/State state = 2;/string state = 2 [(reuse.field).max_chars = 9];/
