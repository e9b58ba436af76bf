s/reserved 20 to 29;/reserved 20 to 28;/
s/reserved "old";//
s/reserved 9;//
s/reserved "STATE_LOST";//
