/** The process that hashes passwords. It ends when its parent process does. */
import { writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { type Call, type Reply, scryptHere } from './scrypt.ts';

/** The highest score: if memory runs out, the kernel kills this process and not the chat. */
const oomScoreAdj = '1000';

// Relative to the server's own priority, which may not be the default.
setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + Number(process.argv[2])));
try {
  writeFileSync('/proc/self/oom_score_adj', oomScoreAdj);
} catch {
  // Only Linux has this file, and a sandbox may make it read-only.
}
// A terminal sends these to all its processes. The hashes under way are still needed while the server stops.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());

const reply = (answer: Reply): void => void process.send?.(answer);

process.on('message', ({ id, name, given }: Call) => {
  const result = name === 'kdf' ? scryptHere.kdf(...given) : scryptHere.verify(...given);
  result.then(
    (value) => reply({ id, result: value }),
    (error: Error) => reply({ id, error: error.message }),
  );
});
