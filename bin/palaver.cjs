#!/usr/bin/env node
// Starts the command `palaver`. The syntax is old enough for an old Node, which then prints a message instead of a
// syntax error.
'use strict';

const { engines } = require('../package.json');

// The same flags as in `npm start`. V8 reads the second one only at its start.
const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'];

const [[major, minor], [leastMajor, leastMinor]] = [process.versions.node, engines.node].map((version) =>
  version.match(/\d+/g).map(Number),
);

if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
  console.error(`Palaver needs Node ${leastMajor}.${leastMinor} or newer; this is Node ${process.versions.node}`);
  process.exitCode = 1;
} else {
  // Replaces this process, so that its parent keeps the signals, the exit code and the pipes. On Windows, or with an
  // IPC channel to the parent, that is impossible: Palaver runs without the flags, and an idle session needs more memory.
  if (process.execve && !process.connected && !flags.every((flag) => process.execArgv.includes(flag)))
    process.execve(
      process.execPath,
      [process.execPath, ...process.execArgv, ...flags, __filename, ...process.argv.slice(2)],
      process.env,
    );
  import('../dist/src/main.js').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(
      `Palaver is not built, or its installation is incomplete: run npm run build:package (${error.message})`,
    );
    process.exitCode = 1;
  });
}
