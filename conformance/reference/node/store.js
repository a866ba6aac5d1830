// crud (SPEC 10): a store over line commands, kept in a journal.

'use strict';

const fs = require('fs');
const path = require('path');

// Keyword -> whether a value follows the key.
const COMMANDS = { create: true, read: false, update: true, delete: false };

// Bytes are handled as latin1 strings: each byte is one character, so nothing is lost.
class Store {
  constructor(folder) {
    this.values = new Map();
    this.journal = folder ? fs.openSync(path.join(folder, 'crud.journal'), 'a+', 0o600) : null;
    if (this.journal !== null) this.replay();
  }

  // An incomplete last line, left by a crash, was never answered: drop it.
  replay() {
    const data = fs.readFileSync(this.journal).toString('latin1');
    const whole = data.lastIndexOf('\n') + 1;
    fs.ftruncateSync(this.journal, whole);
    for (const line of data.slice(0, whole).split('\n').slice(0, -1)) {
      const [key, value] = parted(line);
      if (value) this.values.set(key, value);
      else this.values.delete(key);
    }
  }

  // After a write has returned, the data is in the kernel: SIGKILL cannot lose it.
  put(key, value) {
    if (this.journal !== null) fs.writeSync(this.journal, `${key} ${value}\n`, null, 'latin1');
    if (value) this.values.set(key, value);
    else this.values.delete(key);
  }
}

function parted(text) {
  const at = text.indexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

let store;

function answer(line) {
  store ??= new Store(process.env.DATA_DIR);
  const [keyword, rest] = parted(line.endsWith('\r') ? line.slice(0, -1) : line);
  const command = keyword.toLowerCase();
  if (!Object.hasOwn(COMMANDS, command)) return 'ERROR unknown command';
  const [key, value] = parted(rest);
  if (!key || Boolean(value) !== COMMANDS[command]) return `ERROR ${command}: wrong words`;
  if (command === 'create' && store.values.has(key)) return 'ERROR exists';
  if (command !== 'create' && !store.values.has(key)) return 'ERROR not found';
  if (command === 'read') return `OK ${store.values.get(key)}`;
  store.put(key, value);
  return 'OK';
}

exports.answer = answer;
