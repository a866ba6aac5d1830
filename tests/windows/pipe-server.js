// A stranger's named-pipe server: echoes what its clients send, or what it is told to do.
'use strict';

const net = require('net');

const [name, behaviour] = process.argv.slice(2);

const behaviours = {
  echo: (client) => client.pipe(client),
  greet: (client) => client.end('hello from node\n'),
  listen: (client) => client.on('data', (data) => process.stdout.write(data)),
};

const server = net.createServer((client) => {
  client.on('error', (error) => console.error(`client: ${error.code}`));
  behaviours[behaviour](client);
});

server.listen(`\\\\.\\pipe\\${name}`, () => console.error('LISTENING'));
