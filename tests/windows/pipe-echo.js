// A stranger's echo server for the suite: listens where it is told to.
'use strict';

const net = require('net');

net
  .createServer((client) => {
    client.on('error', () => client.destroy());
    client.pipe(client);
  })
  .listen(process.argv[2]);
