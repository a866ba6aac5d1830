// The echo server of simple-echo-server.js with an 'error' listener added.
//     node echo-server-with-error-listener.js PORT
'use strict';

const { createServer } = require('net');

const listener = createServer();
listener.on('connection', (client) => {
  client.write('Hello client!\n');
  client.on('data', (piece) => console.log(piece.toString()));
  client.on('error', (problem) => console.log('connection error:', problem.code));
  client.on('end', () => console.log('FIN received'));
  client.on('close', () => console.log('connection ended'));
  client.pipe(client);
});
listener.listen(Number(process.argv[2]), 'localhost', 2);
