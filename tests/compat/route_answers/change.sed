s/status: \[201, 200\], error: \["sold_out"\]/status: [202, 200], may_be_empty: true, instead: "compat.shop.Thing", produces: "text\/plain"/
