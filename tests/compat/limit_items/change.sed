s/max_items: 10/max_items: 9/
