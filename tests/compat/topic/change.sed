s/topic: "shop.topic"/topic: "gone"/
s/source: "\/orders"/source: "\/buys"/
