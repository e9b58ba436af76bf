s/optional string note = 2 \[/optional string words = 2 [json_name = "note", /
