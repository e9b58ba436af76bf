s/status: 409, stomp: STOMP_SOFT, close: 1008/status: 410, stomp: STOMP_FATAL, close: 1009, retry: true/
