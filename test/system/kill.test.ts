/** Kills a server again and again while clients chat. The clients recover on their own. */
import { once, setMaxListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type ChatMessage,
  Palaver,
  type PalaverError,
  type PalaverErrorCode,
  type Room,
} from '../../sdk/typescript/src/index.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { mint, testIssuer, testSecret } from '../harness/tokens.ts';
import { readHistory, type Whole } from './history.ts';
import { serve } from './process.ts';

const names = ['Ann', 'Bob', 'Cleo', 'Dan', 'Eve'];
/** Number of concurrent sends per client. */
const voices = 3;
/** Messages of each client that every life must deliver. All together are more than recovery keeps. */
const perLife = 60;
/**
 * Messages by which a client may be ahead of the slowest. Otherwise the first one to reconnect would fill the history
 * alone.
 */
const maxLead = 50;
/**
 * How each life but the last one ends. The clean stop is first: retention would forget a gap before all stored
 * messages.
 */
const ends = ['SIGTERM', 'SIGKILL', 'SIGKILL', 'SIGKILL'] as const;
/** Codes with which a send may reject when the server stops: its delivery is unknown, or it was not sent. */
const unknown: readonly PalaverErrorCode[] = ['connection_lost', 'timeout'];
const untaken: readonly PalaverErrorCode[] = ['unavailable', 'rate_limited', 'offline_queue_full'];

interface Talker {
  readonly room: Room;
  /** All messages after `from`, over connections that each recovered the one before. */
  readonly whole: { readonly from: string; readonly recovered: boolean; readonly heard: ChatMessage[] }[];
  readonly resolved: ChatMessage[];
  readonly rejected: PalaverErrorCode[];
  /** Resolves after this many more messages of its own. */
  more(count: number): Promise<void>;
  /** Sends nothing new. Resolves when all sends have settled. */
  stop(): Promise<void>;
}

/** State that all talkers share. */
interface Talk {
  /** Texts that may have been lost and were sent again. */
  readonly again: Set<string>;
  /** Number of delivered messages by client. */
  readonly counts: Map<string, number>;
  /** Emits `said` whenever that changes. */
  readonly progress: EventTarget;
}

/** Joins, and sends as fast as its echoes arrive. */
async function talker(palaver: Palaver, name: string, { again, counts, progress }: Talk): Promise<Talker> {
  const room = await palaver.join({ getToken: () => mint({ id: `id of ${name}`, username: name }) });
  const whole: Talker['whole'] = [{ from: '', recovered: false, heard: [] }];
  const resolved: ChatMessage[] = [];
  const rejected: PalaverErrorCode[] = [];
  counts.set(name, 0);
  let stopped = false;
  let said = 0;
  room.on('chat_message', (message) => whole.at(-1)!.heard.push(message));
  room.on('users_online', ({ id, msg }) => {
    if (msg.recovered === true) whole.push({ ...whole.at(-1)!, recovered: true });
    else whole.push({ from: id, recovered: false, heard: [] });
  });

  async function say(text: string): Promise<void> {
    try {
      counts.set(name, resolved.push(await room.send(text)));
    } catch (error) {
      const { code } = error as PalaverError;
      rejected.push(code);
      if (unknown.includes(code)) again.add(text);
      if (!stopped) await say(text);
    }
    progress.dispatchEvent(new Event('said'));
  }
  async function talk(): Promise<void> {
    while (!stopped) {
      if (resolved.length > Math.min(...counts.values()) + maxLead) await once(progress, 'said');
      else {
        said += 1;
        await say(`${name} ${said}`);
      }
    }
  }
  const talking = Promise.all(Array.from({ length: voices }, talk));

  return {
    room,
    whole,
    resolved,
    rejected,
    more: async (count) => {
      const enough = resolved.length + count;
      while (resolved.length < enough) await once(progress, 'said');
    },
    stop: async () => {
      stopped = true;
      progress.dispatchEvent(new Event('said'));
      await talking;
    },
  };
}

/** Tells whether a gap may contain this missing message: no message lies between both. */
const isInGap = ({ messages, gaps }: Whole, id: string): boolean =>
  gaps.some((gap) => gap >= id && !messages.some((message) => message.id > id && message.id < gap));

const idsOf = (messages: readonly ChatMessage[]): string[] => messages.map(({ id }) => id);
function twice(texts: readonly string[]): string[] {
  const seen = new Set<string>();
  return texts.filter((text) => seen.size === seen.add(text).size);
}

describe('a server that is killed under load', () => {
  it('loses and doubles nothing without reporting it, and its clients recover on their own', async () => {
    const env = {
      DATA_DIR: temporaryFolder(),
      JWT_SECRET: testSecret,
      JWT_ISSUER: testIssuer,
      RATE_LIMIT_FRAMES: '0',
      DRAIN_WINDOW: '0s',
    };
    let server = serve(env);
    const { port } = await server.address();
    const palaver = new Palaver({ url: `http://127.0.0.1:${port}` });
    const talk: Talk = { again: new Set(), counts: new Map(), progress: new EventTarget() };
    setMaxListeners(0, talk.progress);
    const { again } = talk;
    const talkers = await Promise.all(names.map((name) => talker(palaver, name, talk)));
    onTestFinished(async () => {
      await Promise.all(talkers.map(({ room }) => room.close()));
    });
    const allSay = (count: number) => Promise.all(talkers.map(({ more }) => more(count)));

    /** Messages acknowledged before the clean stop. */
    let clean: string[] = [];
    for (const signal of ends) {
      const before = new Set(talkers.flatMap(({ resolved }) => idsOf(resolved)));
      await allSay(perLife);
      server.child.kill(signal);
      await server.exited();
      if (signal === 'SIGTERM')
        clean = talkers.flatMap(({ resolved }) => idsOf(resolved)).filter((id) => !before.has(id));
      server = serve({ ...env, PORT: String(port) });
      await server.address();
    }
    await allSay(perLife);
    await Promise.all(talkers.map(({ stop }) => stop()));

    const kept = await readHistory(palaver);
    const keptIds = new Set(idsOf(kept.messages));
    const known = [
      ...new Set([...keptIds, ...talkers.flatMap(({ whole }) => whole.flatMap(({ heard }) => idsOf(heard)))]),
    ];
    known.sort();
    for (const { room, whole, resolved, rejected } of talkers) {
      expect(room.state).toBe('open');
      for (const code of rejected) expect([...unknown, ...untaken]).toContain(code);
      const heard = [...new Set(whole.map((part) => part.heard))].flat();
      expect(idsOf(heard)).toEqual([...new Set(idsOf(heard))].sort());
      expect(twice(heard.map(({ msg }) => msg.text)).filter((text) => !again.has(text))).toEqual([]);
      // A part contains every message from its start to the last one before the next part.
      for (const { from, heard: part } of whole) {
        const [first = '', last = ''] = [part[0]?.id, part.at(-1)?.id];
        const here = new Set(idsOf(part));
        const lost = known
          .filter((id) => (from === '' ? id >= first : id > from) && id <= last && !here.has(id))
          .map((id) => ({ id, isKept: keptIds.has(id), who: room.username, from, first, last, gaps: kept.gaps }));
        expect(lost).toEqual([]);
      }
      for (const { id } of resolved) expect(keptIds.has(id) || isInGap(kept, id)).toBe(true);
    }
    expect(clean.length).toBeGreaterThanOrEqual(names.length * perLife);
    expect(clean.filter((id) => !keptIds.has(id))).toEqual([]);
    expect(idsOf(kept.messages)).toEqual([...keptIds].sort());
    expect(twice(kept.messages.map(({ msg }) => msg.text)).filter((text) => !again.has(text))).toEqual([]);
    // The first client to reconnect has missed almost nothing, so at least one recovers.
    expect(talkers.some(({ whole }) => whole.some(({ recovered }) => recovered))).toBe(true);
    // Each kill leaves one gap, and nothing else does.
    expect(kept.gaps.length).toBe(ends.filter((signal) => signal === 'SIGKILL').length);
  }, 120_000);
});
