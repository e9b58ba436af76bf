s/STATE_SOLD = 1/STATE_PAID = 1/
s/\\"sold\\"/\\"paid\\"/
