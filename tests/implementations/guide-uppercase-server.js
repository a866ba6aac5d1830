// The upper-case server of a guide: it answers each read in capitals and sends QUIT.
//     node guide-uppercase-server.js PORT
'use strict';

const { createServer } = require('net');

const listener = createServer((client) => {
  console.log('a client connected');
  client.write('Hello from the server!\n');
  client.on('data', (piece) => {
    client.write(piece.toString().toUpperCase());
    client.write('QUIT');
  });
  client.on('end', () => console.log('the client left'));
});
listener.listen(Number(process.argv[2]), 'localhost', () => console.log('waiting'));
