// Services over datagrams: one socket for all, and an answer to each datagram.

'use strict';

const dgram = require('dgram');

// The receive buffer, for many senders at once; the kernel drops datagrams that do not fit.
const RECEIVE_BUFFER = 4 * 1024 * 1024;
const SEND_BUFFER = 256 * 1024;

// udp-echo (SPEC 11): every datagram is sent back from the socket that received it.
const udpEcho = { defaults: {}, datagrams: true, answer: (data) => [data] };

// Calls fail(message) if it cannot listen there; a server has address() and close().
function serve(service, { host, port }, ready, fail) {
  const socket = dgram.createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER,
    sendBufferSize: SEND_BUFFER,
  });
  let listening = false;
  socket.on('message', (data, sender) => {
    for (const answer of service.answer(data)) {
      // A sender that has gone is not an error of the server: the callback ignores the error.
      socket.send(answer, sender.port, sender.address, () => {});
    }
  });
  // "Unreachable" for an earlier answer may be reported here; ignore it.
  socket.on('error', (error) => {
    if (!listening) fail(error.message);
  });
  socket.bind(port, host, () => {
    listening = true;
    ready();
  });
  return socket;
}

exports.serve = serve;
exports.DATAGRAM_SERVICES = { 'udp-echo': udpEcho };
