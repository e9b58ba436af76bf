s/compat.shop.order.v1/compat.shop.order.v2/
