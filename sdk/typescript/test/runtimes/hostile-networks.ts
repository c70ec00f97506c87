import { type Cases, equal, states } from './cases.ts';
import { credentials, dispatchOnline, type HostileTools, token, until } from './hostile-tools.ts';

/** Returns the cases of networks that fail. */
export const networkCases = ({ play, codeOf, noSocket }: HostileTools): Cases => ({
  'joins after a cut at any byte': async () => {
    const at = Array.from({ length: 60 }, (_, n) => n * 7);
    for (let n = 0; n < at.length; n += 10)
      await Promise.all(
        at.slice(n, n + 10).map(async (bytes) => {
          const room = await play('bytes', { maxRetries: 4 }, `${bytes}`).join();
          // The cut may come after the roster, and then nobody knows of the first connection.
          const first = await room.send('first').catch((error) => error.code);
          if (typeof first === 'string') equal(first, 'connection_lost');
          equal((await room.send(`${bytes}`)).msg.text, `${bytes}`);
          await room.close();
        }),
      );
  },

  'leaves no socket behind if nobody answers': async () => {
    const mute = play('mute', { timeoutMs: 300, maxRetries: 1 });
    equal(await codeOf(mute.join()), 'timeout');
    equal(await codeOf(mute.palaver.login(credentials)), 'timeout');
    await noSocket(mute.stats);
    const silent = play('silent', { timeoutMs: 600, heartbeatIntervalMs: 100 });
    const room = await silent.join();
    const seen = states(room);
    await until(() => seen.filter((state) => state === 'open').length > 1, 'the room to be replaced twice');
    const closing = Date.now();
    await room.close();
    if (Date.now() - closing > 5_000) throw new Error('it took more than 5 s to close');
    await noSocket(silent.stats);
  },

  'reconnects after a server closes and keeps the connection': async () => {
    const { join, stats } = play('clinging');
    const room = await join();
    const seen = states(room);
    await until(() => seen.at(-1) === 'open', 'the room to be back');
    equal(seen, ['reconnecting going_away', 'open']);
    await room.close();
    await noSocket(stats);
  },

  'gives up an attempt that hangs when the network is back': async () => {
    const { join, stats } = play('hanging');
    const room = await join();
    const [seen, lost] = [states(room), room.send('cut').catch(() => {})];
    await until(async () => (await stats()).handshakes === 2, 'the attempt that hangs');
    dispatchOnline();
    const onlineMs = Date.now();
    await until(() => room.state === 'open', 'the room to be back');
    if (Date.now() - onlineMs > 10_000) throw new Error('it waited for the attempt that hung');
    await lost;
    equal(seen, ['reconnecting connection_lost', 'open']);
  },

  'gives up a getToken that hangs when the network is back': async () => {
    const { join } = play('kind');
    let asked = 0;
    const room = await join({ getToken: () => (++asked === 2 ? new Promise<string>(() => {}) : token) });
    const lost = room.send('cut').catch(() => {});
    await until(() => asked === 2, 'getToken to hang');
    dispatchOnline();
    await until(() => room.state === 'open', 'the room to be back');
    await lost;
    equal(asked, 3);
  },
});
