s/rpc List\(Order\) returns \(Things\)/rpc List(Receipt) returns (Thing)/
s/, query: \["size", "kind"\]//
