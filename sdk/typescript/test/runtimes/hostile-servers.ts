import { type Cases, equal, states, texts } from './cases.ts';
import { credentials, type HostileTools, token, until } from './hostile-tools.ts';

/** Returns the cases of misbehaving servers. */
export const serverCases = ({ play, errorOf, codeOf }: HostileTools): Cases => ({
  'ignores frames that it can’t read, in every state, and counts unknown ones in its position': async () => {
    const { join, stats } = play('malformed');
    const room = await join();
    const [heard, seen] = [texts(room), states(room)];
    await room.send('one');
    await room.send('cut');
    await until(() => seen.at(-1) === 'open', 'the room to be back');
    await room.send('two');
    equal(heard, ['welcome 1', 'one', 'cut', 'welcome 2', 'two']);
    equal([room.roster, room.username], [['Me'], 'Me']);
    // The binary frame and the two unreadable ones took the nonces 1001 and 1002, the messages 1003 to 1005.
    const again = (await stats()).requests.filter((request) => request.includes('last_event_id'));
    equal(again, ['handshake /join?last_event_id=1006']);
  },

  'follows no redirect': async () => {
    const { palaver, join, stats } = play('redirect', { maxRetries: 0 });
    const { code, message } = await errorOf(palaver.login(credentials));
    equal([code, /redirect/.test(message)], ['connection_failed', true]);
    equal(await codeOf(palaver.listMessages({}, { token })), 'connection_failed');
    equal(await codeOf(join()), 'connection_failed');
    equal((await stats('trap')).requests, []);
  },

  'rejects with the code of each refusal, and names the field that is wrong': async () => {
    const refusals = ['401-invalid_token', '403-user_disabled', '409-name_in_use', '429-too_many_sessions'];
    for (const refusal of [...refusals, '500-internal_error', '503-server_full', '400-a_code_of_tomorrow']) {
      const { join, palaver } = play('refusing', { maxRetries: 0 }, refusal);
      const errors = await Promise.all([errorOf(join()), errorOf(palaver.login(credentials))]);
      for (const { status, code } of errors) equal(`${status}-${code}`, refusal);
    }
    const { palaver } = play('refusing', {}, '400-invalid_body');
    equal((await errorOf(palaver.createUser({ ...credentials, username: 'A' }))).message, 'password: is too short');
  },

  'reconnects without a position that the server can’t read, and reports the gap': async () => {
    const { join, stats } = play('placeless');
    const room = await join();
    const gaps: unknown[] = [];
    room.on('users_online', ({ msg }) => gaps.push(msg.recovered));
    equal(await codeOf(room.send('cut')), 'connection_lost');
    await until(() => room.state === 'open', 'the room to be back');
    equal(gaps, [false]);
    equal((await room.send('back')).msg.text, 'back');
    const asked = (await stats()).requests.filter((request) => request.startsWith('handshake'));
    equal([asked[0], asked.at(-1)], ['handshake /join', 'handshake /join']);
  },

  'survives a flood of frames': async () => {
    const room = await play('flooding').join();
    const heard = texts(room);
    await until(() => heard.includes('behind it') || room.state !== 'open', 'the end of it');
    equal([room.state, room.roster], ['open', ['Me']]);
  },

  'rejects answers that no Palaver server gives': async () => {
    const { palaver } = play('answering', { maxRetries: 0 });
    for (let n = 0; n < 9; n += 1) equal(await codeOf(palaver.login(credentials)), 'connection_failed');
    equal(await codeOf(play('answering').palaver.logout({ token })), 'connection_failed');
    const { code } = await errorOf(play('endless', { maxRetries: 0 }).palaver.healthz());
    equal(['connection_failed', 'timeout'].includes(code), true);
  },

  'keeps to the pace of a server, in order, on one connection': async () => {
    for (const script of ['limited', 'strict']) {
      const { join, stats } = play(script);
      const room = await join();
      const heard = texts(room);
      const said = Array.from({ length: 80 }, (_, n) => `${n}`);
      await Promise.all(said.map((text) => room.send(text)));
      equal(heard, said);
      equal((await stats()).handshakes, 1);
    }
  },
});
