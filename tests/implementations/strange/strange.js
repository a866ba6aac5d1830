// Servers as beginners write them in Node: each has one fault, or is correct but unusual.
//
//     node strange.js KIND PORT
const net = require('node:net');

const [kind, port] = process.argv.slice(2);
const members = new Map(); // a channel's members
const passwords = new Map();
const online = new Map();

function say(socket, line) {
  socket.write(line + '\n', 'latin1');
}

function leave(socket, channel) {
  const there = members.get(channel);
  if (!there || !there.delete(socket)) return false;
  for (const one of there) say(one, `* ${socket.name} left ${channel}`);
  if (!there.size) members.delete(channel);
  return true;
}

function leaveAll(socket) {
  for (const channel of [...members.keys()]) leave(socket, channel);
  if (online.get(socket.name) === socket) online.delete(socket.name);
}

function chat(socket, line) {
  if (line.length > 4096) return say(socket, 'ERROR line too long');
  const [, word, one, rest] = /^(\S*) ?(\S*)(?: (.*))?$/s.exec(line) || [];
  const name = /^[A-Za-z0-9_-]{1,32}$/;
  const isChannel = one !== undefined && one[0] === '#' && name.test(one.slice(1));
  const command = (word || '').toUpperCase();
  if (command === 'QUIT' && !one) {
    leaveAll(socket);
    socket.name = undefined;
    return socket.end('BYE\n');
  }
  if (command === 'LOGIN' && name.test(one) && rest && !rest.includes(' ')) {
    if (socket.name) return say(socket, 'ERROR already logged in');
    if (passwords.has(one) && passwords.get(one) !== rest) return say(socket, 'ERROR bad password');
    if (online.has(one)) return say(socket, 'ERROR already logged in');
    passwords.set(one, rest);
    online.set(one, socket);
    socket.name = one;
    return say(socket, 'OK');
  }
  const complete = rest === undefined ? ['JOIN', 'PART'].includes(command) : command === 'SAY';
  if (!isChannel || !complete || rest === '') return say(socket, 'ERROR what?');
  if (!socket.name) return say(socket, 'ERROR not logged in');
  const there = members.get(one) || new Set();
  if (command === 'JOIN') {
    if (!there.has(socket)) for (const other of there) say(other, `* ${socket.name} joined ${one}`);
    members.set(one, there.add(socket));
    return say(socket, 'OK');
  }
  if (!there.has(socket)) return say(socket, 'ERROR not in channel');
  if (command === 'PART') {
    say(socket, 'OK');
    if (kind === 'part-leaves-all') for (const channel of [...members.keys()]) leave(socket, channel);
    return leave(socket, one);
  }
  say(socket, 'OK');
  for (const other of there) {
    if (other !== socket || kind === 'says-to-the-sender') say(other, `${one} <${socket.name}> ${rest}`);
  }
}

// Calls back with each complete line, without its end.
function onLines(socket, take) {
  let rest = '';
  socket.on('data', (data) => {
    const parts = (rest + data.toString('latin1')).split('\n');
    rest = parts.pop();
    for (const line of parts) take(line.replace(/\r$/, ''));
    if (rest.length > 1 << 16) rest = rest.slice(0, 1 << 16);
  });
}

const serve = {
  // Correct, even if the client does not read.
  pipe: (socket) => socket.pipe(socket),
  // Writes without waiting until the client reads.
  'no-drain': (socket) => {
    socket.on('data', (data) => socket.write(data));
    socket.on('end', () => socket.end());
  },
  // A limit of 32 MB for unsent data, which is lost at the end.
  'destroys-at-end': (socket) => {
    socket.on('data', (data) => {
      socket.write(data);
      if (socket.writableLength > 1 << 25) socket.pause();
    });
    socket.on('drain', () => socket.resume());
    socket.on('end', () => setImmediate(() => socket.destroy()));
  },
  // Replies after the end event, which is too late if Node has ended its own side.
  'end-is-the-end': (socket) => {
    let count = 0;
    socket.on('data', (data) => { count += data.length; });
    socket.on('end', () => setImmediate(() => socket.write(`received ${count} bytes\n`)));
  },
  'string-per-read': (socket) => {
    socket.write('Hello from the server!\n');
    socket.on('data', (data) => {
      if (!socket.write(data.toString().toUpperCase() + 'QUIT')) socket.pause();
    });
    socket.on('drain', () => socket.resume());
    socket.on('end', () => socket.end());
  },
  chat: (socket) => {
    onLines(socket, (line) => chat(socket, line));
    socket.on('end', () => socket.end());
    socket.on('close', () => leaveAll(socket));
  },
};
for (const name of ['part-leaves-all', 'says-to-the-sender']) serve[name] = serve.chat;

const options = { allowHalfOpen: kind !== 'end-is-the-end' };
net.createServer(options, (socket) => {
  if (kind !== 'no-error-listener') socket.on('error', () => socket.destroy());
  (serve[kind] || serve.pipe)(socket);
}).listen(Number(port), '127.0.0.1');
