s/\{frozen: true, /{/
