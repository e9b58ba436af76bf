/^message Things/,/^}/s/unwrap: true, example: "\[\]"/example: "{\\"items\\":[]}"/
