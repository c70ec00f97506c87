#!/usr/bin/env node
import { main } from './cli.ts';

// A reader that has seen enough is no fault.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));
