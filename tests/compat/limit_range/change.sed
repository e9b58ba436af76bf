s/min: 1, max: 9/min: 1, max: 8/
