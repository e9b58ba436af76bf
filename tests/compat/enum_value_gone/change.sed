/^  \/\/ Done/d
/STATE_SOLD = 1/d
s/\\"state\\":\\"sold\\"/\\"state\\":\\"open\\"/
