// chat (SPEC 12): channels and members over line commands.

'use strict';

// Bytes of the longest line, CR and LF not counted.
const LONGEST = 4096;

// Bytes that may wait for a member that does not read; with more, it is disconnected.
const MOST_QUEUED = 64 * 1024 * 1024;

// Milliseconds to wait for the client's end after the server's.
const LINGER = 5000;

const NAME = /^[A-Za-z0-9_-]{1,32}$/;
const CHANNEL = /^#[A-Za-z0-9_-]{1,32}$/;

// The state that all connections share: passwords, logged-in clients, members of channels.
const passwords = new Map();
const online = new Map();
const channels = new Map();

// Bytes are handled as latin1 strings: each byte is one character, so nothing is lost.
class Member {
  constructor(socket) {
    this.socket = socket;
    this.name = '';
    this.rest = '';
    this.tooLong = false;
  }

  received(data) {
    const lines = (this.rest + data.toString('latin1')).split('\n');
    this.rest = lines.pop();
    for (const line of lines) {
      if (this.socket.writableEnded) return;
      this.take(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    // One more byte, which may be the CR of the line end.
    if (this.rest.length > LONGEST + 1) {
      if (!this.tooLong) this.say('ERROR line too long');
      this.tooLong = true;
      this.rest = '';
    }
  }

  take(line) {
    if (this.tooLong) this.tooLong = false;
    else if (line.length > LONGEST) this.say('ERROR line too long');
    else if (line.toUpperCase() === 'QUIT') this.quit();
    else this.say(this.answer(line));
  }

  // While a client does not read its answers, its commands wait.
  say(line) {
    if (this.socket.write(`${line}\n`, 'latin1')) return;
    this.socket.pause();
    this.socket.once('drain', () => this.socket.resume());
  }

  hear(line) {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    this.socket.write(`${line}\n`, 'latin1');
    if (this.socket.writableLength > MOST_QUEUED) this.socket.destroy();
  }

  quit() {
    this.leave();
    this.socket.end('BYE\n');
    const timer = setTimeout(() => this.socket.destroy(), LINGER);
    this.socket.on('close', () => clearTimeout(timer));
  }

  answer(line) {
    const [keyword, rest] = parted(line);
    const command = keyword.toUpperCase();
    if (command === 'LOGIN') return this.login(rest.split(' '));
    if (!this.name) return 'ERROR not logged in';
    if (!['JOIN', 'PART', 'SAY'].includes(command)) return 'ERROR unknown command';
    const [channel, text] = parted(rest);
    if (!CHANNEL.test(channel) || Boolean(text) !== (command === 'SAY')) {
      return `ERROR wrong words after ${command}`;
    }
    const members = channels.get(channel);
    if (command === 'JOIN') return this.join(channel);
    if (!members?.has(this)) return 'ERROR not in channel';
    if (command === 'SAY') this.tell(channel, `${channel} <${this.name}> ${text}`);
    else this.part(channel);
    return 'OK';
  }

  login(words) {
    const [name, password] = words;
    if (words.length !== 2 || !NAME.test(name) || !password) {
      return 'ERROR LOGIN takes a name and a password';
    }
    if (this.name) return 'ERROR already logged in';
    if (!passwords.has(name)) passwords.set(name, password);
    if (passwords.get(name) !== password) return 'ERROR bad password';
    if (online.has(name)) return 'ERROR already logged in';
    online.set(name, this);
    this.name = name;
    return 'OK';
  }

  join(channel) {
    if (!channels.has(channel)) channels.set(channel, new Set());
    const members = channels.get(channel);
    if (!members.has(this)) {
      members.add(this);
      this.tell(channel, `* ${this.name} joined ${channel}`);
    }
    return 'OK';
  }

  part(channel) {
    const members = channels.get(channel);
    this.tell(channel, `* ${this.name} left ${channel}`);
    members.delete(this);
    if (!members.size) channels.delete(channel);
  }

  tell(channel, line) {
    for (const member of channels.get(channel)) if (member !== this) member.hear(line);
  }

  leave() {
    if (!this.name) return;
    for (const [channel, members] of [...channels]) if (members.has(this)) this.part(channel);
    online.delete(this.name);
    this.name = '';
  }
}

function parted(text) {
  const at = text.indexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

exports.chat = {
  defaults: {},
  serve(socket) {
    const member = new Member(socket);
    socket.on('data', (data) => member.received(data));
    socket.on('end', () => {
      member.leave();
      socket.end();
    });
    socket.on('close', () => member.leave());
  },
};
