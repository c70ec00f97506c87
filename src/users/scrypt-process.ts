/** The process in which passwords are hashed. It ends with the one that started it, and not before. */
import { writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { type Call, type Reply, scryptHere } from './scrypt.ts';

/** The largest score there is: where memory runs out, the kernel ends this process and not the chat. */
const oomScoreAdj = '1000';

// Relative to the server's own, which may be another than usual.
setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + Number(process.argv[2])));
try {
  writeFileSync('/proc/self/oom_score_adj', oomScoreAdj);
} catch {
  // Only Linux has it, and a sandbox may keep it read-only.
}
// They go to everything in a terminal: what is under way is still answered while the server stops.
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
