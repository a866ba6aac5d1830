// The services. Each socket allows half-open connections and has an 'error' listener.

'use strict';

const { StringDecoder } = require('string_decoder');
const { Transform } = require('stream');
const { chat } = require('./chat');
const { DATAGRAM_SERVICES } = require('./datagrams');
const { answer } = require('./store');

// Milliseconds to wait for the client's end after the server's.
const LINGER = 5000;

// echo (SPEC 2): every byte comes back. pipe() stops reading while the client does not.
const echo = {
  defaults: { greeting: Buffer.alloc(0) },
  serve(socket, settings) {
    if (settings.greeting.length) socket.write(settings.greeting);
    socket.pipe(socket);
  },
};

// greet (SPEC 3): a greeting, later a farewell, then the end; input is read and dropped,
// because closing with unread input would send RST.
const greet = {
  defaults: {
    greeting: Buffer.from('Hello! I am TCP server\n'),
    farewell: Buffer.from('Good bye!\n\n\n'),
    delay: Buffer.from('1'),
  },
  // Check this at the start, not at the first client.
  check({ delay }) {
    const text = delay.toString();
    const right = /^[0-9]+(\.[0-9]*)?$/.test(text) && Number(text) <= 3600;
    return right ? undefined : `'${text}': the delay is seconds, at most 3600`;
  },
  serve(socket, settings) {
    socket.resume();
    if (settings.greeting.length) socket.write(settings.greeting);
    let timer = setTimeout(() => {
      socket.end(settings.farewell);
      timer = setTimeout(() => socket.destroy(), LINGER);
    }, Number(settings.delay) * 1000);
    socket.on('close', () => clearTimeout(timer));
  },
};

// quit (SPEC 4): upper-case answers, each followed by the token.
const quit = {
  defaults: { greeting: Buffer.from('Hello from the server!\n'), token: Buffer.from('QUIT') },
  serve(socket, settings) {
    if (settings.greeting.length) socket.write(settings.greeting);
    // A character may be split over two reads: the decoder keeps its first bytes.
    const decoder = new StringDecoder('utf8');
    const answer = (text) =>
      text ? Buffer.concat([Buffer.from(text.toUpperCase()), settings.token]) : Buffer.alloc(0);
    pipeThrough(socket, {
      transform: (data) => answer(decoder.write(data)),
      flush: () => answer(decoder.end()),
    });
  },
};

// half-open (SPEC 5): the count of bytes, after the client's FIN.
const halfOpen = {
  defaults: { reply: Buffer.from('received {n} bytes\n') },
  serve(socket, settings) {
    let count = 0;
    socket.on('data', (data) => {
      count += data.length;
    });
    socket.on('end', () => {
      const reply = settings.reply.toString('latin1').replaceAll('{n}', String(count));
      socket.end(Buffer.from(reply, 'latin1'));
    });
  },
};

// Bytes of an unfinished line that are kept to see whether it is the command.
const KEPT = 4096;

// reset (SPEC 6): lines come back; the command is answered by RST.
const reset = {
  defaults: { command: Buffer.from('RESET') },
  serve(socket, settings) {
    const longest = Math.max(KEPT, settings.command.length + 1);
    let line = Buffer.alloc(0);
    let lineGoesOn = false;
    const isCommand = (text) => {
      if (lineGoesOn) return false;
      const bare = text.at(-1) === 13 ? text.subarray(0, -1) : text;
      return bare.equals(settings.command) || text.equals(settings.command);
    };
    pipeThrough(socket, {
      transform: (data) => {
        line = Buffer.concat([line, data]);
        let answered = 0;
        for (let at = line.indexOf(10); at >= 0; at = line.indexOf(10, answered)) {
          if (isCommand(line.subarray(answered, at))) {
            // A Unix socket has no RST, so just end the connection.
            if (socket.remoteAddress) socket.resetAndDestroy();
            else socket.destroy();
            return Buffer.alloc(0);
          }
          answered = at + 1;
          lineGoesOn = false;
        }
        // Echo data that is too long for the command at once, to limit the memory.
        if (lineGoesOn || line.length - answered > longest) {
          answered = line.length;
          lineGoesOn = true;
        }
        const lines = line.subarray(0, answered);
        line = line.subarray(answered);
        return lines;
      },
      flush: () => line,
    });
  },
};

// hello (SPEC 8): all input is answered by one sentence.
const hello = {
  defaults: { reply: Buffer.from('Hello World form the server!') },
  serve(socket, settings) {
    pipeThrough(socket, { transform: () => settings.reply, flush: () => Buffer.alloc(0) });
  },
};

// discard (SPEC 9): all input is read and discarded, and FIN is answered by FIN.
const discard = {
  defaults: {},
  serve(socket) {
    socket.resume();
    socket.on('end', () => socket.end());
  },
};

// crud (SPEC 10): each complete line is a command.
const crud = {
  defaults: {},
  serve(socket) {
    let rest = '';
    pipeThrough(socket, {
      transform: (data) => {
        const lines = (rest + data.toString('latin1')).split('\n');
        rest = lines.pop();
        return Buffer.from(lines.map((line) => `${answer(line)}\n`).join(''), 'latin1');
      },
      flush: () => Buffer.alloc(0),
    });
  },
};

// pipe() sends the answers to the client as fast as it reads; FIN follows the last answer.
function pipeThrough(socket, { transform, flush }) {
  const answers = new Transform({
    transform(data, _encoding, done) {
      done(null, transform(data));
    },
    flush(done) {
      done(null, flush());
    },
  });
  socket.pipe(answers).pipe(socket);
  socket.on('close', () => answers.destroy());
}

exports.SERVICES = {
  ...{ echo, greet, quit, 'half-open': halfOpen, reset, hello, discard, chat, crud },
  ...DATAGRAM_SERVICES,
};
