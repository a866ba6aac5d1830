// The arguments of a command line: key=value with C escapes, and errors for wrong ones.

'use strict';

function read(words, service, profile) {
  const settings = { ...service.defaults };
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, Math.max(at, 0));
    if (!Object.hasOwn(settings, key)) {
      fail(2, `'${word}': ${profile} takes ${Object.keys(settings).join(', ')}`);
    }
    settings[key] = unescape(word.slice(at + 1));
  }
  const complaint = service.check?.(settings);
  if (complaint) fail(2, complaint);
  return settings;
}

const ESCAPES = {
  ...{ n: '\n', r: '\r', t: '\t', 0: '\0', a: '\x07', b: '\b', v: '\v', f: '\f' },
  ...{ '\\': '\\', '"': '"' },
};

// The bytes of a value: C escapes (\n \r \t \0 \\ \xNN), other text is UTF-8.
function unescape(text) {
  const parts = text.split(/(\\x[0-9a-fA-F]{2}|\\[^]?)/).map((part) => {
    if (!part.startsWith('\\')) return Buffer.from(part);
    if (part.length === 4) return Buffer.from([parseInt(part.slice(2), 16)]);
    if (part.length === 1) fail(2, `'${text}': a lone backslash`);
    if (!Object.hasOwn(ESCAPES, part[1])) fail(2, `'${text}': unknown escape`);
    return Buffer.from(ESCAPES[part[1]]);
  });
  return Buffer.concat(parts);
}

function fail(status, message, who = 'server') {
  console.error(`${who}: ${message}`);
  process.exit(status);
}

exports.fail = fail;
exports.read = read;
