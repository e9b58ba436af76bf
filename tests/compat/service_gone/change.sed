/^\/\/ The shop\./,/^}/d
