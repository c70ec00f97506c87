import { type Cases, equal } from './cases.ts';
import { inRoster, password, type SuiteTools } from './suite-tools.ts';

/** Returns the cases of users, the roster and messages. */
export const roomCases = ({ patient, impatient, person, join, control, codeOf }: SuiteTools): Cases => ({
  'creates a user, logs in, and rejects with the problem': async () => {
    const { email, name } = await person();
    equal(await codeOf(patient.login({ email, password: 'wrong' })), 'invalid_credentials');
    equal(
      await codeOf(patient.createUser({ email: `${Math.random()}@b.c`, username: name, password })),
      'username_taken',
    );
    equal(await codeOf(patient.login({ email, password }, { signal: AbortSignal.abort() })), 'aborted');
  },

  'joins, and is in its roster': async () => {
    const { name, token } = await person();
    const room = await join({ token });
    equal(room.state, 'open');
    equal(room.roster.includes(name), true);
    const again = await join({ token });
    equal(
      again.roster.filter((other) => other === name),
      [name],
    );
  },

  'names the reason of a refused handshake, also where the platform hides it': async () => {
    equal(await codeOf(join({ token: 'not.a.token' })), 'invalid_token');
    const { name } = await person();
    const stranger = String(await control('mint', { id: 'stranger', username: name }));
    await join({ token: String(await control('mint', { id: 'first', username: name })) });
    equal(await codeOf(join({ token: stranger })), 'name_in_use');
  },

  'sends messages, and streams them to everyone': async () => {
    const [ann, ben] = [await person(), await person()];
    const room = await join({ token: ann.token });
    const other = await join({ token: ben.token });
    const heard: string[] = [];
    const reading = (async () => {
      for await (const { msg } of other.messages()) heard.push(`${msg.from_user}: ${msg.text}`);
    })();
    const text = 'Grüße, 🜁 \u2028 "and" \\ more';
    const echo = await room.send(text);
    equal([echo.type, echo.msg.from_user, echo.msg.text], ['chat_message', ann.name, text]);
    equal(await codeOf(room.send('')), 'invalid_message');
    equal(await codeOf(room.send('x'.repeat(100_000))), 'invalid_message');
    await other.send('Bye');
    await other.close();
    await reading;
    equal(heard, [`${ann.name}: ${text}`, `${ben.name}: Bye`]);
    equal(await codeOf(other.send('late')), 'closed');
  },

  'updates the roster when users join and leave': async () => {
    const room = await join({ token: (await person()).token });
    const { name, token } = await person();
    const guest = await join({ token });
    await inRoster(room, name, true);
    await guest.close();
    equal(guest.state, 'closed');
    await inRoster(room, name, false);
  },

  'rejects where there is no server': async () => {
    await control('down');
    const codes = await Promise.all([codeOf(impatient.healthz()), codeOf(impatient.join({ token: 'a' }))]);
    await control('up');
    equal(codes, ['connection_failed', 'connection_failed']);
  },
});
