s/(optional string note = 2 \[)/\1json_name = "words", /
s/\\"note\\"/\\"words\\"/
