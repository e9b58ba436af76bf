// Prints all destinations of the published module, with U for every argument.
// SPDX-License-Identifier: MIT
const { send, subscribe } = await import(process.argv[2]);
const all = (of) => Object.fromEntries(Object.entries(of).map(([name, f]) => [name, f("U", "U")]));
console.log(JSON.stringify({ send: all(send), subscribe: all(subscribe) }));
