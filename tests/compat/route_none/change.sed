/^      http: /d
