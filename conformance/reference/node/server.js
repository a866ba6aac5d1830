// A correct server for each profile, as a command.
//
//     node server.js PROFILE ADDRESS [key=value ...]
//
// ADDRESS is tcp://HOST:PORT (port 0: any free one), tls://HOST:PORT with TLS_CERT and TLS_KEY in
// the environment, udp://HOST:PORT for datagrams, or unix:PATH; values may contain C escapes.
// Prints "LISTENING address" when clients can connect. SIGTERM ends it.

'use strict';

const fs = require('fs');
const net = require('net');
const tls = require('tls');
const datagrams = require('./datagrams');
const { fail, read } = require('./words');
const { SERVICES } = require('./services');

function main(argv) {
  const [profile, address, ...words] = argv;
  if (!address) fail(2, 'usage: server.js PROFILE ADDRESS [key=value ...]');
  if (!Object.hasOwn(SERVICES, profile)) {
    fail(2, `unknown service '${profile}' (known: ${Object.keys(SERVICES).join(', ')})`);
  }
  const service = SERVICES[profile];
  const settings = read(words, service, profile);
  const place = parse(address, service.datagrams ? ['udp'] : ['tcp', 'tls']);
  if (service.datagrams) {
    const ready = () => console.log(`LISTENING ${where(socket, place.scheme)}`);
    const refused = (message) => fail(1, `listen ${address}: ${message}`);
    const socket = datagrams.serve(service, place, ready, refused);
    for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => socket.close());
    return;
  }
  const context = place.scheme === 'tls' ? secureContext() : null;
  const connections = new Set();

  // allowHalfOpen: the client's FIN ends its input, not the conversation.
  const options = { allowHalfOpen: true, noDelay: true };
  const server = net.createServer(options, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    // A reset ends only this connection; without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    if (context) secure(socket, context, (secured) => service.serve(secured, settings));
    else service.serve(socket, settings);
  });
  server.on('error', (error) => fail(1, `listen ${address}: ${error.message}`));
  clearPath(place.scheme === 'unix' ? place.path : undefined, () => {
    server.listen({ ...place, backlog: 511 }, () => console.log(`LISTENING ${where(server, place.scheme)}`));
  });

  const stop = () => {
    const ours = server.listening && place.scheme === 'unix' && place.path;
    server.close();
    for (const socket of connections) socket.destroy();
    // Remove only our own path: a server that could not bind must not remove another server's.
    if (ours) remove(place.path);
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

// The most bytes of a Unix path; libuv truncates a longer one and listens at the wrong path.
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

// Reads the certificate that the environment names.
function secureContext() {
  const read = (name) => {
    if (!process.env[name]) fail(2, `${name} is not set: tls:// needs a certificate`);
    return fs.readFileSync(process.env[name]);
  };
  return tls.createSecureContext({ cert: read('TLS_CERT'), key: read('TLS_KEY') });
}

// Passes on the TLS socket after the handshake; a failed handshake ends only that client. Node's own
// tls server cannot reset a connection, because that needs the socket below TLS.
function secure(raw, context, ready) {
  const socket = new tls.TLSSocket(raw, { isServer: true, secureContext: context });
  socket.on('error', () => raw.destroy());
  socket.resetAndDestroy = () => raw.resetAndDestroy();
  socket.once('secure', () => ready(socket));
}

function parse(address, schemes) {
  if (schemes.includes('tcp') && address.startsWith('unix:') && address !== 'unix:') {
    const path = address.slice('unix:'.length);
    if (Buffer.byteLength(path) > LONGEST_PATH) fail(1, `listen ${address}: the path is too long`);
    return { scheme: 'unix', path };
  }
  // Node takes the name of a pipe as a path. It is not a file, so no old file has to be removed.
  if (schemes.includes('tcp') && address.startsWith('pipe:') && address !== 'pipe:') {
    return { scheme: 'pipe', path: `\\\\.\\pipe\\${address.slice('pipe:'.length)}` };
  }
  const found = /^([a-z]+):\/\/(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]+)$/.exec(address);
  if (!found || !schemes.includes(found[1]) || Number(found[4]) > 65535) {
    fail(2, `'${address}' is not a valid address`);
  }
  return { scheme: found[1], host: found[2] ?? found[3], port: Number(found[4]) };
}

// Removes a stale socket that a crash has left, but no other file.
function clearPath(path, ready) {
  let found;
  try {
    found = path && fs.lstatSync(path);
  } catch {
    // The file does not exist.
  }
  if (!found) {
    ready();
    return;
  }
  if (!found.isSocket()) fail(1, `listen unix:${path}: the path exists and is not a socket`);
  const probe = net.connect(path);
  probe.on('connect', () => fail(1, `listen unix:${path}: address already in use`));
  probe.on('error', (error) => {
    // EAGAIN: a server listens and its backlog is full.
    if (error.code !== 'ECONNREFUSED') fail(1, `listen unix:${path}: address already in use`);
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

function where(server, scheme) {
  const address = server.address();
  if (scheme === 'pipe') return `pipe:${address.slice('\\\\.\\pipe\\'.length)}`;
  if (typeof address === 'string') return `unix:${address}`;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}

main(process.argv.slice(2));
