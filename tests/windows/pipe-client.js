// A stranger's named-pipe client: stdin goes to the pipe, the pipe's bytes to stdout.
'use strict';

const net = require('net');

const [name] = process.argv.slice(2);
const socket = net.connect(`\\\\.\\pipe\\${name}`, () => console.error('CONNECTED'));

socket.on('error', (error) => {
  console.error(`socket: ${error.code}`);
  process.exit(1);
});
socket.on('close', () => process.exit(0));
socket.pipe(process.stdout, { end: false });
process.stdin.on('data', (data) => socket.write(data));
