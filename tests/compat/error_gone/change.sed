/^  \/\/ Too late/d
/ERR_SOLD_OUT/d
s/, error: \["sold_out"\]//
