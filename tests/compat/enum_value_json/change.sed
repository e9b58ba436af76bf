s/STATE_SOLD = 1;/STATE_SOLD = 1 [(reuse.value).json = "paid"];/
s/\\"sold\\"/\\"paid\\"/
