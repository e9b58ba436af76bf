s/(optional string receipt = 1 \[)/\1json_name = "answer", /
