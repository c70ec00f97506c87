/** Bugs of several nodes, each with the faults that reveal it and the rule that must report it. */
import type { Change } from '../attack/switch-off.ts';
import type { Fault, Step } from './schedule.ts';
import type { Rule } from './violation.ts';

export interface Bug {
  readonly name: string;
  readonly changes: readonly Change[];
  readonly steps: readonly Step[];
  /** Absent where the change is harmless, so that no rule may be broken. */
  readonly rule?: Rule;
}

type Row = readonly [
  name: string,
  changes: readonly (readonly [file: string, source: string, off: string])[],
  steps: readonly Step[],
  rule?: Rule,
];

const calmMs = 2_000;
const step = (fault: Fault): Step => ({ ...fault, calmMs });
const redisStarts = step({ do: 'restart redis', how: 'in order', ms: 200 });
/** Hardly a fault: clients talk, join and leave anyway, which is enough for most bugs. */
const talk = [0, 1, 2].map((node) => step({ do: 'cut from redis', node, how: 'reset', ms: 10 }));
/** Shorter than a lease, and long enough for more entries than the log keeps with one of the bugs. */
const short = [0, 1, 2].map((node) => step({ do: 'cut from redis', node, how: 'reset', ms: 1_000 }));
const kills = [0, 1, 2].map((node) => step({ do: 'kill', node, ms: 100 }));
/** Longer than the lease and the grace. The calls of a node arrive after it has given up. */
const held = [0, 1, 2].map((node) => step({ do: 'cut from redis', node, how: 'hold', ms: 5_000 }));

/** All nodes stop, so that every stream is ended by its node. */
const rolling = [step({ do: 'rolling restart' })];

const fanOut = 'chat/fan-out.ts';
const posting = 'backplane/redis/posting.ts';
const admission = 'backplane/redis/admission.ts';
const delivery = 'backplane/redis/delivery.ts';
const reconnect = 'backplane/redis/reconnect.ts';
const replica = 'backplane/redis/replica.ts';
const scripts = 'backplane/redis/scripts.ts';
const lua = (name: string): string => `backplane/redis/scripts/${name}.lua`;

const reading = 'const entries = await own.entriesAfter(replica.epoch, replica.offset);';
/** Reads as over a slow network. One row shows that this alone does no harm. */
const slowly: Row[1][number] = [
  reconnect,
  reading,
  `${reading}\nawait new Promise((resolve) => setTimeout(resolve, 100));`,
];

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are pieces of source.
// biome-ignore format: a table.
const rows: readonly Row[] = [
  ['one message is dropped for one client', [
    [fanOut, 'for (const subscriber of live.websocket) send(subscriber, bytes);',
      'for (const subscriber of [...live.websocket].slice(log.sent % 8 === 0 ? 1 : 0)) send(subscriber, bytes);'],
  ], talk, 'nothing lost'],
  ['a batch of events is lost for one reader', [
    [fanOut, 'for (const subscriber of live.events) send(subscriber, events);',
      'for (const subscriber of [...live.events].slice(log.sent % 8 === 0 ? 1 : 0)) send(subscriber, events);'],
  ], talk, 'nothing lost'],
  ['a recovered users_online has an id line', [
    ['chat/greeting.ts', 'eventsOf(usersOnline, missed === undefined)', 'eventsOf(usersOnline)'],
  ], talk, 'events fit their frames'],
  ['a stream ends without its close event', [
    ['chat/event-stream.ts', 'this.#socket.end(closeEvent(code, reason));', 'this.#socket.end();'],
  ], rolling, 'streams say why they end'],
  ['an entry is dropped on one node', [
    [delivery, 'if (envelope) listener.deliver(envelope);',
      'if (envelope && entry.offset % 32 === Number.parseInt(node.slice(0, 8), 16) % 32) return;\n' +
      'if (envelope) listener.deliver(envelope);'],
  ], talk, 'nothing lost'],
  ['two messages are swapped', [
    [fanOut, 'const unsent = log.takeUnsent();',
      'if (log.delivered - log.sent === 1 && log.delivered % 2 === 0) return void setTimeout(flushSoon, 50);\n' +
      'const unsent = [...log.takeUnsent()].reverse();'],
  ], talk, 'one order'],
  ['a dead node is not swept', [
    [lua('tick'), 'if dead then', 'if false then'],
  ], kills, 'final rosters'],
  ['user_left comes twice', [
    [lua('prelude'), "append('k', 'left', 'n', name)", "append('k', 'left', 'n', name)\n  append('k', 'left', 'n', name)"],
  ], talk, 'joins and leaves alternate'],
  ['a nonce is ignored', [
    [lua('publish'), "if repeated then return {'repeats', repeated} end", ''],
  ], talk, 'a nonce once'],
  ['a nonce of a message over HTTP is ignored', [
    [lua('post'), "if repeated then return {'repeats', repeated} end", ''],
  ], talk, 'a nonce once'],
  ['a message over HTTP has the name of its token', [
    [lua('post'), 'cjson.encode(known or name)', 'cjson.encode(name)'],
  ], talk, 'a user has one name'],
  ['a message over HTTP is answered before it was delivered', [
    [posting, "if (!(await delivery.reached(entry.epoch, entry.offset))) return { refusal: 'unavailable' };", ''],
    slowly,
  ], talk, 'answered after delivery'],
  ['a repeat is answered before it was delivered', [
    [admission, "return (await delivery.reached(first.epoch, first.offset)) ? { repeats: messageEnvelopeOf(first)! } : 'refused';",
      'return { repeats: messageEnvelopeOf(first)! };'],
    slowly,
  ], talk, 'one order'],
  ['a roster is older than its offset', [
    [replica, '    roster = undefined;\n    if (kind', '    if (kind'],
  ], talk, 'rosters agree'],
  ['a gap is ignored', [
    [scripts, 'const maxLogged = 10_000;', 'const maxLogged = 3;'],
    [lua('prelude'), "'MAXLEN', '~',", "'MAXLEN', '=',"],
    [replica, 'offset !== at.offset + 1', 'offset <= at.offset'],
  ], short, 'nothing lost'],
  ['publish accepts a node or session that has expired', [
    [lua('publish'), "if not isCaller() or not redis.call('ZSCORE', key('sessions'), ARGV[4]) then return {'refused'} end", ''],
  ], held, 'senders are present'],
  ['an epoch is not renewed', [
    [lua('greet'), "if epoch < leastEpoch or redis.call('HGET', state, 'run') ~= run or isDamaged(math.huge) then",
      'if epoch < leastEpoch then'],
  ], [redisStarts], 'a restart is a new epoch'],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are pieces of source.

/** The faults of all rows. */
const allSteps: readonly Step[] = [...new Set(rows.flatMap(([, , steps]) => steps))];

export const bugs: readonly Bug[] = [
  ...rows,
  ['none, over a slow stream', [slowly], talk] as const,
  ['none, through all faults of the others', [], allSteps] as const,
].map(([name, changes, steps, rule]) => ({
  name,
  changes: changes.map(([file, source, off]) => ({ name, file, source, off })),
  steps,
  ...(rule !== undefined && { rule }),
}));
