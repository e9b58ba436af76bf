s/key: "shop.topic", default: "orders", env: \["SHOP_TOPIC"\]/key: "topic.shop", default: "orders"/
s/shop_topic = 1/topic_shop = 1/
s/topic: "shop.topic"/topic: "topic.shop"/
s/choices: "info\|warn"/choices: "warn|info"/
