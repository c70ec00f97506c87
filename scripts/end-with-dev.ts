/**
 * Ends the server when `npm run dev` has ended, however that was. Node preloads it into the server, whose standard input
 * is a pipe from `dev.ts`: it closes even if that process was killed.
 */
const watcher = process.ppid;

process.stdin.on('end', () => {
  // The watcher ends the server in order. Without one, nothing else would.
  process.kill(process.ppid === watcher ? watcher : process.pid, 'SIGTERM');
});
process.stdin.resume();
// The pipe must not keep a server running that stops by itself.
(process.stdin as NodeJS.ReadStream & { unref(): void }).unref();
