s/"big", "small"/"big"/
