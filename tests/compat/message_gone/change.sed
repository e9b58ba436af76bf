# A message and its use.
/^\/\/ A name, as text/,/^}/d
/Someone is gone/,/^  }/d
