// The echo server of a guide, with both of its variants at once: it writes and it pipes.
//     node guide-echo-server.js PORT
'use strict';

const { createServer } = require('net');

const listener = createServer((client) => {
  client.on('data', (piece) => {
    console.log(piece.toString());
    client.write(piece);
  });
  client.pipe(client);
});
listener.listen(Number(process.argv[2]), 'localhost', () => console.log('waiting'));
