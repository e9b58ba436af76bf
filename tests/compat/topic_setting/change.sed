# The setting's default is the topic.
s/default: "orders"/default: "buys"/
