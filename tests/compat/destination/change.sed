s/send: "\/pub\/order", subscribe: "\/sub\/order"/send: "\/pub\/orders"/
