s/method: "POST", path: "\/orders"/method: "PUT", path: "\/orders"/
