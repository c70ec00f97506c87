import type { Report, Result } from './report.ts';
import type { Progress } from './run.ts';

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('');

const brokenLine = ({ id, what = '', show }: Result): string =>
  `✗ ${id}: ${what}\n${show === undefined ? '' : indented(show)}`;

/** Returns a line for each reason, with the cases that were not tried for it. */
function notTriedLines(results: readonly Result[]): string {
  const byReason = new Map<string, string[]>();
  for (const { id, what = '' } of results) byReason.set(what, [...(byReason.get(what) ?? []), id]);
  return [...byReason].map(([reason, ids]) => `- not tried, ${reason}: ${ids.join(', ')}\n`).join('');
}

/** Returns a report for people. */
export function tableOf({
  kit,
  url,
  seed,
  durationMs,
  requests,
  frames,
  complete,
  results,
  leftBehind,
}: Report): string {
  const of = (outcome: Result['outcome']): Result[] => results.filter((result) => result.outcome === outcome);
  const [kept, broken, notTried] = [of('kept'), of('broken'), of('not_tried')];
  const counts = `${kept.length} kept, ${broken.length} broken, ${notTried.length} not tried`;
  return [
    `palaver-contract ${kit} at ${url}, seed ${seed}\n`,
    ...broken.map(brokenLine),
    notTriedLines(notTried),
    leftBehind.length > 0 ? `- left behind: the users ${leftBehind.join(', ')}\n` : '',
    complete ? '' : '! incomplete: not all cases were tried\n',
    `${broken.length > 0 ? '✗' : '✓'} ${counts}; ${requests} requests, ${frames} frames, ${(durationMs / 1_000).toFixed(1)} s\n`,
  ].join('');
}

/** Returns 1 if a case is broken, 2 if the run is incomplete or no case is kept, and otherwise 0. */
export function exitCodeOf({ results, complete }: Pick<Report, 'results' | 'complete'>): 0 | 1 | 2 {
  if (results.some(({ outcome }) => outcome === 'broken')) return 1;
  return complete && results.some(({ outcome }) => outcome === 'kept') ? 0 : 2;
}

/** Shows the current case on one line of a terminal, and nothing elsewhere. */
export function progressTo(stream: NodeJS.WriteStream): { show: (progress: Progress) => void; clear: () => void } {
  const line = (text: string): void => {
    if (stream.isTTY) stream.write(`\r\u001b[K${text}`);
  };
  return { show: ({ id, done, all }) => line(`${done + 1}/${all} ${id}`), clear: () => line('') };
}
