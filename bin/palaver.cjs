#!/usr/bin/env node
// The command `palaver`, in what an old Node can read: so it is told what it lacks, and not by a syntax error.
'use strict';

const { engines } = require('../package.json');

// As `npm start` has them. V8 takes the second one only when it starts.
const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'];

const [[major, minor], [leastMajor, leastMinor]] = [process.versions.node, engines.node].map((version) =>
  version.match(/\d+/g).map(Number),
);

if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
  console.error(`Palaver needs Node ${leastMajor}.${leastMinor} or newer; this is Node ${process.versions.node}`);
  process.exitCode = 1;
} else {
  // The same process once more, so that whoever started it still has its signals, its exit code and its pipes. Where
  // that is not to be had (on Windows, or with a channel to who started it), it goes without: an idle session costs more.
  if (process.execve && !process.connected && !flags.every((flag) => process.execArgv.includes(flag)))
    process.execve(
      process.execPath,
      [process.execPath, ...process.execArgv, ...flags, __filename, ...process.argv.slice(2)],
      process.env,
    );
  import('../dist/src/main.js').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`Palaver is not built, or not installed whole: run npm run build:package (${error.message})`);
    process.exitCode = 1;
  });
}
