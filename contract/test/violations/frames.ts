import { binaryFrame, type Message, textFrame } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import { onSay, onTell, type Violation, withMsg, without } from './violation.ts';

const textOf = ({ msg }: Partial<Message>): string | undefined =>
  typeof msg?.text === 'string' ? msg.text : undefined;

/** Delivers every message with another text. */
const heard = (change: (text: string) => string): (() => Switch) =>
  onTell('chat_message', (message) => withMsg(message, { text: change(String(message.msg.text)) }));

/**
 * Accepts messages that the contract refuses: the server gets a valid text, and the room gets the one that was sent.
 */
const taking =
  (isTaken: (text: string) => boolean): (() => Switch) =>
  () => {
    const said = new Map<string, string>();
    const saying = onSay((message) => {
      const text = message && textOf(message);
      if (text === undefined || !isTaken(text)) return undefined;
      const placeholder = `placeholder ${said.size}`;
      said.set(placeholder, text);
      return withMsg(message as Message, { text: placeholder });
    });
    const hearing = onTell('chat_message', (message) => {
      const text = said.get(String(message.msg.text));
      return text === undefined ? undefined : withMsg(message, { text });
    });
    return { ...saying(), ...hearing() };
  };

/** Passes a client's claims about its message on. */
const spoofed =
  (hand: (claimed: Message, message: Message) => Message): (() => Switch) =>
  () => {
    const claims = new Map<string, Message>();
    const saying = onSay((message) => {
      const text = message && textOf(message);
      if (text && (message?.sent_at !== undefined || message?.msg?.from_user !== undefined))
        claims.set(text, message as Message);
      return undefined;
    });
    const hearing = onTell('chat_message', (message) => {
      const claimed = claims.get(String(message.msg.text));
      return claimed && hand(claimed, message);
    });
    return { ...saying(), ...hearing() };
  };

/** Refuses messages that the contract accepts: the server gets an invalid one instead. */
const refusing = (isRefused: (message: Partial<Message>) => boolean): (() => Switch) =>
  onSay((message) =>
    message && textOf(message) !== undefined && isRefused(message)
      ? withMsg(message as Message, { text: '' })
      : undefined,
  );

const known = { frame: ['type', 'sent_at', 'msg'], msg: ['text', 'nonce', 'from_user'] };

export const frames: readonly Violation[] = [
  {
    name: 'first-frame-late',
    breaks: 'sends another frame before users_online',
    caughtBy: 'rule.first-frame',
    plant: onTell('users_online', (message) => [
      { ...message, type: 'user_joined', msg: { username: 'Somebody' } },
      message,
    ]),
  },
  {
    name: 'roster-without-its-place',
    breaks: 'sends users_online without an id',
    caughtBy: 'ws.frame.users_online',
    plant: onTell('users_online', (message) => without(message, 'id')),
  },
  {
    name: 'roster-of-objects',
    breaks: 'sends objects in the list of users_online',
    caughtBy: 'ws.frame.users_online',
    plant: onTell('users_online', (message) =>
      withMsg(message, { list: (message.msg.list as string[]).map((username) => ({ username })) }),
    ),
  },
  {
    name: 'frame-with-more',
    breaks: 'sends user_joined with an undeclared property',
    caughtBy: 'ws.frame.user_joined',
    plant: onTell('user_joined', (message) => withMsg(message, { id: '4' })),
  },
  {
    name: 'frame-undeclared',
    breaks: 'sends a frame of an undeclared type',
    caughtBy: 'ws.frame.undeclared',
    plant: onTell('users_online', (message) => [message, { ...message, type: 'welcome', msg: {} }]),
  },
  {
    name: 'frame-not-json',
    breaks: 'sends a text frame that is not JSON',
    caughtBy: 'ws.frame.undeclared',
    plant: onTell('users_online', (message, _session) => [message, textFrame('hello')]),
  },
  {
    name: 'frame-binary',
    breaks: 'sends an error in a binary frame',
    caughtBy: 'ws.frame.undeclared',
    plant: onTell('error', (message) => binaryFrame(JSON.stringify(message))),
  },
  {
    name: 'time-with-an-offset',
    breaks: 'sends sent_at with an offset instead of Z',
    caughtBy: 'ws.frame.user_left',
    plant: onTell('user_left', (message) => ({ ...message, sent_at: message.sent_at!.replace('Z', '+00:00') })),
  },
  {
    name: 'id-a-number',
    breaks: 'sends the id of a message as a number',
    caughtBy: 'ws.frame.chat_message',
    plant: onTell('chat_message', (message, _, room) => ({ ...message, id: room.positionOf(message.id!) as never })),
  },
  {
    name: 'text-normalised',
    breaks: 'delivers texts in Unicode form C',
    caughtBy: 'rule.exact',
    plant: heard((text) => text.normalize('NFC')),
  },
  {
    name: 'text-trimmed',
    breaks: 'delivers texts without white space at their ends',
    caughtBy: 'rule.exact',
    plant: heard((text) => text.trim() || text),
  },
  {
    name: 'text-cut',
    breaks: 'delivers long texts without their end',
    caughtBy: 'ws.send.chat_message.valid.msg.text.maxLength',
    plant: heard((text) => [...text].slice(0, 4_000).join('')),
  },
  {
    name: 'text-escaped',
    breaks: 'delivers texts with `<` escaped as `&lt;`',
    caughtBy: 'rule.exact',
    plant: heard((text) => text.replaceAll('<', '&lt;')),
  },
  {
    name: 'nonce-forgotten',
    breaks: 'delivers the echo without its nonce',
    caughtBy: 'rule.echo',
    plant: onTell('chat_message', (message) => ({ ...message, msg: without(message.msg, 'nonce') })),
  },
  {
    name: 'nonce-lowered',
    breaks: 'delivers the nonce in lower case',
    caughtBy: 'rule.exact',
    plant: onTell('chat_message', (message) =>
      typeof message.msg.nonce === 'string' ? withMsg(message, { nonce: message.msg.nonce.toLowerCase() }) : undefined,
    ),
  },
  {
    name: 'spoofed-name',
    breaks: 'takes from_user from the client',
    caughtBy: 'rule.spoof',
    plant: spoofed(({ msg: { from_user } }, message) =>
      typeof from_user === 'string' ? withMsg(message, { from_user }) : message,
    ),
  },
  {
    name: 'spoofed-time',
    breaks: 'takes sent_at from the client',
    caughtBy: 'rule.spoof',
    plant: spoofed(({ sent_at }, message) => (typeof sent_at === 'string' ? { ...message, sent_at } : message)),
  },
  {
    name: 'spoofing-refused',
    breaks: 'refuses a message that has from_user',
    caughtBy: 'rule.spoof',
    plant: refusing(({ msg }) => msg?.from_user !== undefined),
  },
  {
    name: 'frame-closed',
    breaks: 'refuses a frame with an unknown property',
    caughtBy: 'ws.send.chat_message.valid.unknown-properties',
    plant: refusing(
      (message) =>
        Object.keys(message).some((key) => !known.frame.includes(key)) ||
        Object.keys(message.msg ?? {}).some((key) => !known.msg.includes(key)),
    ),
  },
  {
    name: 'text-counts-utf16',
    breaks: 'counts lengths in UTF-16 units, so that 4,096 emoji are too many',
    caughtBy: 'ws.send.chat_message.valid.msg.text.maxLength',
    plant: refusing((message) => textOf(message)!.length > 4_096),
  },
  {
    name: 'white-space-refused',
    breaks: 'refuses a text of white space alone',
    caughtBy: 'rule.exact',
    plant: refusing((message) => textOf(message)!.trim() === ''),
  },
  {
    name: 'empty-taken',
    breaks: 'delivers an empty text',
    caughtBy: 'ws.send.chat_message.invalid.msg.text.minLength',
    plant: taking((text) => text === ''),
  },
  {
    name: 'too-long-taken',
    breaks: 'delivers a text that is too long',
    caughtBy: 'ws.send.chat_message.invalid.msg.text.maxLength',
    plant: taking((text) => [...text].length > 4_096),
  },
  {
    name: 'nonce-for-its-sender-only',
    breaks: 'shows the nonce to its sender only',
    caughtBy: 'rule.exact',
    plant: onTell('chat_message', (message, { claims }) =>
      message.msg.from_user === claims.username ? undefined : { ...message, msg: without(message.msg, 'nonce') },
    ),
  },
  {
    name: 'name-cut',
    breaks: 'cuts from_user at 32 characters',
    caughtBy: 'rule.echo',
    plant: onTell('chat_message', (message) =>
      withMsg(message, { from_user: [...String(message.msg.from_user)].slice(0, 32).join('') }),
    ),
  },
];
