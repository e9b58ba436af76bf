s/, also: \["\/all"\]//
s/path: "\/orders"/path: "\/purchases"/
