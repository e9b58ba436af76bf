/Someone is gone/,/^  }/d
