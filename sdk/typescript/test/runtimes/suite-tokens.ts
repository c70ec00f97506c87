import { type Cases, equal, pause, states } from './cases.ts';
import { inState, type SuiteTools } from './suite-tools.ts';

/** Returns the cases of tokens that expire. */
export const tokenCases = ({ join, control }: SuiteTools): Cases => ({
  'asks for a new token when one has expired, and closes with a fixed one': async () => {
    const claims = { id: `${Math.random()}`, username: `Brief ${Math.random()}` };
    const expiring = (): Promise<unknown> => control('mint', { ...claims, exp: Math.floor(Date.now() / 1_000) - 3 });
    let asked = 0;
    const renewed = await join({
      getToken: async () => String(await (++asked === 1 ? expiring() : control('mint', claims))),
    });
    const renewals = states(renewed);
    await inState(renewed, 'reconnecting');
    await inState(renewed, 'open');
    equal([asked, renewals], [2, ['reconnecting token_expired', 'open']]);
    const fixed = await join({ token: String(await expiring()) });
    const ends = states(fixed);
    await inState(fixed, 'closed');
    equal(ends, ['closed token_expired']);
  },

  'sends a new token before the old one expires, and stays open': async () => {
    const claims = { id: `${Math.random()}`, username: `Brief ${Math.random()}` };
    const nowS = Math.floor(Date.now() / 1_000);
    let asked = 0;
    const stays = await join({
      getToken: async () => String(await control('mint', ++asked === 1 ? { ...claims, exp: nowS + 4 } : claims)),
    });
    const changes = states(stays);
    while (asked < 2) await pause(50);
    // The server answers frames in order: after this echo it has read the new token.
    await stays.send('still here');
    while (Date.now() < (nowS + 10) * 1_000) await pause(50);
    await stays.send('and still');
    equal([asked, changes], [2, []]);
  },
});
