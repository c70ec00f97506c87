import { type Cases, equal, pause, states, texts } from './cases.ts';
import { inState, type SuiteTools } from './suite-tools.ts';

/** Returns the cases of connections that end. */
export const reconnectCases = ({ alert, person, join, control }: SuiteTools): Cases => ({
  'reconnects after a cut, with a current roster': async () => {
    const { name, token } = await person();
    const room = await join({ token });
    const seen = states(room);
    await control('cut');
    await inState(room, 'reconnecting');
    await inState(room, 'open');
    equal(seen, ['reconnecting connection_lost', 'open']);
    equal(room.roster.includes(name), true);
    equal((await room.send('back')).msg.text, 'back');
  },

  'sends offline messages once and in order': async () => {
    const [ann, ben] = [await person(), await person()];
    const room = await join({ token: ann.token });
    await control('down');
    await inState(room, 'reconnecting');
    const sent = [1, 2, 3].map((n) => room.send(`${n}`));
    await control('up');
    await Promise.all(sent);
    const heard = (await Promise.all(sent)).map(({ msg, id }) => [id, msg.text] as const);
    equal(
      [...heard].sort(([a], [b]) => (a < b ? -1 : 1)),
      heard,
    );
    const other = await join({ token: ben.token });
    const stream = other.messages();
    await room.send('4');
    equal((await stream.next()).value?.msg.text, '4');
  },

  'resumes after a cut anywhere: no message is lost or comes twice': async () => {
    const room = await join({ token: (await person()).token });
    const witness = await join({ token: (await person()).token });
    const [own, others] = [texts(room), texts(witness)];
    const sent: Promise<unknown>[] = [];
    const said: string[] = [];
    const say = (text: string): void => {
      said.push(text);
      sent.push(room.send(text));
    };
    await control('delay', 40);
    try {
      // The cut hits the message on its way to the server, its echo on the way back, or neither.
      for (const afterMs of [0, 30, 60, 90, 120]) {
        say(`${afterMs} one`);
        say(`${afterMs} two`);
        await pause(afterMs);
        await control('cut');
        await inState(room, 'reconnecting');
        say(`${afterMs} meanwhile`);
        await inState(room, 'open');
      }
    } finally {
      await control('delay', 0);
    }
    await Promise.all(sent);
    await inState(witness, 'open');
    say('the end');
    while (!others.includes('the end')) await pause(20);
    equal(own, said);
    equal(others, said);
  },

  'publishes a message once that it sent into a silence': async () => {
    const room = await join({ token: (await person()).token }, alert);
    const witness = await join({ token: (await person()).token });
    const heard = texts(witness);
    await control('stall');
    const sent = room.send('perhaps');
    await inState(room, 'reconnecting');
    await control('cut');
    await control('resume');
    equal((await sent).msg.text, 'perhaps');
    await inState(witness, 'open');
    await room.send('surely');
    while (!heard.includes('surely')) await pause(20);
    equal(heard, ['perhaps', 'surely']);
  },
});
