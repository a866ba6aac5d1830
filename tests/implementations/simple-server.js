// A course's first server: greets, parts after a second, and minds nothing else. Its
// input is never read, and no 'error' listener stands between a client's RST and the end.
//     node simple-server.js PORT
'use strict';

const { createServer } = require('net');

const listener = createServer({}, (client) => {
  console.log('a client connected');
  client.write('Hello! I am TCP server\n');
  setTimeout(() => client.end('Good bye!\n\n\n'), 1000);
});

listener.listen(Number(process.argv[2]), 'localhost', 2, () => console.log('accepting\n'));
