// The echo server of a course: greets, logs the input, pipes it back. No 'error' listener.
//     node simple-echo-server.js PORT
'use strict';

const { createServer } = require('net');

const listener = createServer();
listener.on('listening', () => console.log('accepting'));
listener.on('connection', (client) => {
  client.write('Hello client!\n');
  client.on('data', (piece) => console.log(piece.toString()));
  client.pipe(client);
});
listener.listen(Number(process.argv[2] ?? 9000), 'localhost', 2);
