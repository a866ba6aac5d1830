// The first server of a course: it greets, and ends the connection after a second. It never
// reads its input, and without an 'error' listener a client's RST ends the process.
//     node simple-server.js PORT
'use strict';

const { createServer } = require('net');

const listener = createServer({}, (client) => {
  console.log('a client connected');
  client.write('Hello! I am TCP server\n');
  setTimeout(() => client.end('Good bye!\n\n\n'), 1000);
});

listener.listen(Number(process.argv[2]), 'localhost', 2, () => console.log('accepting\n'));
