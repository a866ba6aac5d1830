// A right server for each profile, as a command.
//
//     node server.js PROFILE ADDRESS [key=value ...]
//
// ADDRESS is tcp://HOST:PORT (port 0: any free one) or unix:PATH; values hold C escapes.
// Prints "LISTENING address" when clients can connect. SIGTERM ends it.

'use strict';

const fs = require('fs');
const net = require('net');
const { SERVICES } = require('./services');

function main(argv) {
  const [profile, address, ...words] = argv;
  const service = SERVICES[profile];
  if (!service || !address) {
    fail(2, service ? 'usage: server.js PROFILE ADDRESS [key=value ...]' : `unknown service '${profile}'`);
  }
  const settings = read(words, service, profile);
  const connections = new Set();

  // allowHalfOpen: the client's FIN ends its input and not the conversation.
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    // A reset ends this connection only; without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    service.serve(socket, settings);
  });
  server.on('error', (error) => fail(1, `listen ${address}: ${error.message}`));
  listen(server, address, () => console.log(`LISTENING ${where(server)}`));

  const stop = () => {
    server.close();
    for (const socket of connections) socket.destroy();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function listen(server, address, listening) {
  if (address.startsWith('unix:')) {
    const path = address.slice('unix:'.length);
    process.on('exit', () => remove(path));
    clearPath(path, () => server.listen({ path, backlog: 511 }, listening));
    return;
  }
  const { hostname, port } = new URL(address.replace(/^tcp:/, 'http:'));
  const host = hostname.replace(/^\[|\]$/g, '');
  // The URL of http knows 80 as no port at all.
  server.listen({ host, port: port === '' ? 80 : Number(port), backlog: 511 }, listening);
}

// A stale socket that a crash left is removed; any other file is not ours.
function clearPath(path, ready) {
  let found;
  try {
    found = fs.lstatSync(path);
  } catch {
    ready();
    return;
  }
  if (!found.isSocket()) fail(1, `listen unix:${path}: the path exists and is no socket`);
  const probe = net.connect(path);
  probe.on('connect', () => fail(1, `listen unix:${path}: address already in use`));
  probe.on('error', () => {
    fs.unlinkSync(path);
    ready();
  });
}

function remove(path) {
  try {
    if (fs.lstatSync(path).isSocket()) fs.unlinkSync(path);
  } catch {
    // libuv has removed it already
  }
}

function where(server) {
  const address = server.address();
  if (typeof address === 'string') return `unix:${address}`;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `tcp://${host}:${address.port}`;
}

function read(words, service, profile) {
  const settings = { ...service.defaults };
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, Math.max(at, 0));
    if (!(key in settings)) fail(2, `'${word}': ${profile} takes ${Object.keys(settings).join(', ')}`);
    settings[key] = unescape(word.slice(at + 1));
  }
  return settings;
}

const LETTERS = { n: 10, r: 13, t: 9, a: 7, b: 8, v: 11, f: 12, 0: 0, '\\': 92, '"': 34, "'": 39 };

function unescape(text) {
  const parts = text.split(/(\\x[0-9a-fA-F]{2}|\\.)/s).map((part) => {
    if (!part.startsWith('\\')) return Buffer.from(part);
    if (part[1] === 'x') return Buffer.from([parseInt(part.slice(2), 16)]);
    return Buffer.from([LETTERS[part[1]] ?? part.charCodeAt(1)]);
  });
  return Buffer.concat(parts);
}

function fail(status, message) {
  console.error(`server: ${message}`);
  process.exit(status);
}

main(process.argv.slice(2));
