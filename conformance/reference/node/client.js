// A correct client for client-echo (SPEC 13), as a command.
//
//     node client.js HOST PORT [key=value ...]
//
// An error is one line on stderr and an exit status. The client sends FIN before it ends, and reads
// the server's data to the end.

'use strict';

const net = require('net');
const { fail, read } = require('./words');

// Milliseconds to wait for the server's end after the client's.
const LINGER = 2000;

const DEFAULTS = {
  leave: Buffer.from('exit'),
  goodbye: Buffer.from('good bye'),
  interrupted: Buffer.from('terminated'),
};

function main([host, port, ...words]) {
  if (!/^[0-9]+$/.test(port ?? '')) fail(2, 'usage: client.js HOST PORT [key=value ...]', 'client');
  const settings = read(words, { defaults: DEFAULTS }, 'client-echo');
  const socket = net.connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
  let typed = Buffer.alloc(0);
  let leaving = false;

  const leave = (word) => {
    if (leaving) return;
    leaving = true;
    socket.end(word);
    setTimeout(() => process.exit(0), LINGER).unref();
  };
  socket.on('data', (data) => process.stdout.write(data));
  socket.on('end', () => {
    leaving = true;
    socket.end();
    process.stdin.destroy();
  });
  socket.on('error', (error) => fail(1, error.message, 'client'));
  process.on('SIGINT', () => leave(settings.interrupted));
  process.stdin.on('data', (data) => {
    typed = Buffer.concat([typed, data]);
    for (let at = typed.indexOf(10); at >= 0 && !leaving; at = typed.indexOf(10)) {
      const line = typed.subarray(0, at);
      if (line.equals(settings.leave)) leave(settings.goodbye);
      else socket.write(typed.subarray(0, at + 1));
      typed = typed.subarray(at + 1);
    }
  });
  process.stdin.on('end', () => leave(Buffer.alloc(0)));
  socket.on('close', () => process.stdin.destroy());
}

main(process.argv.slice(2));
