import { codeOf, fault, newNonce, type Said } from '../../client/messages.ts';
import type { Session } from '../../client/session.ts';
import type { Kit } from '../../context/kit.ts';
import { Violation } from '../../errors.ts';
import { arbitraryOf } from '../../samples/arbitrary.ts';
import { brokenSamples, byKeyword, edgeSamples, type Sample } from '../../samples/schema-cases.ts';
import type { DeclaredFrame } from '../../specs/chat.ts';
import type { Specs } from '../../specs/index.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { shrunk } from '../shrink.ts';
import { echoOf, expectRefusal, settle } from './say.ts';
import { createSpeakers } from './speakers.ts';

/** Sends all of these, each to be refused. */
async function refuseAll(
  kit: Kit,
  texts: readonly { readonly what: string; readonly text: string; readonly codes: readonly string[] }[],
): Promise<void> {
  const speakers = createSpeakers(kit);
  for (const { what, text, codes } of texts) {
    const session = await speakers.next();
    await expectRefusal(kit, session, { what, text }, codes);
  }
}

const invalidCase = (type: string, place: string, samples: readonly Sample[]): Case => ({
  id: `ws.send.${type}.invalid.${place}`,
  says: 'a frame that breaks this keyword is refused',
  run: (kit) =>
    refuseAll(
      kit,
      samples.map(({ value, name }) => ({
        what: `${place} (${name})`,
        text: JSON.stringify(value),
        // Without a readable type, either code fits.
        codes: /^(type$|type\.)/.test(place)
          ? typeof member(value, 'type') === 'string'
            ? ['unknown_type']
            : ['unknown_type', 'invalid_message']
          : ['invalid_message'],
      })),
    ),
});

const saidIn = (frame: unknown): Said | undefined => member(frame, 'msg') as Said | undefined;

/** The nonces that each user of a run has used. A server may ignore a nonce for five minutes after its use. */
const usedNonces = new WeakMap<Kit, Set<string>>();

/** The frame, with another nonce where its own is used up, or may be from a run before this one. */
async function withFreshNonce(kit: Kit, { username }: Session, frame: object): Promise<object> {
  const said = saidIn(frame);
  if (said?.nonce === undefined) return frame;
  const used = usedNonces.get(kit) ?? new Set();
  usedNonces.set(kit, used);
  const key = JSON.stringify([username, said.nonce]);
  const isFresh = (await kit.user('ann')).own && !used.has(key);
  used.add(key);
  return isFresh ? frame : { ...frame, msg: { ...said, nonce: newNonce() } };
}

/** Sends a frame that the schema allows, and holds its echo to what it says. */
async function taken(kit: Kit, session: Session, given: object): Promise<void> {
  const frame = await withFreshNonce(kit, session, given);
  const said = saidIn(frame) ?? { text: '' };
  const echo = await echoOf(kit, session, frame, said);
  for (const name of ['text', 'nonce'] as const)
    if (member(echo.msg, name) !== said[name]) throw fault(session, `the echo has another ${name} than was sent`, echo);
}

/** With a nonce, where one has it. */
const exampleOf = ({ examples }: DeclaredFrame): unknown =>
  (examples.find(({ payload }) => saidIn(payload)?.nonce !== undefined) ?? examples[0])?.payload;

/** Returns the cases that show only in the published frame. `chat_message` is the one such type. */
function chatCases({ type, schema, examples }: DeclaredFrame, example: unknown): Case[] {
  const named = (name: string, says: string, run: Case['run']): Case => ({
    id: `ws.send.${type}.valid.${name}`,
    says,
    run,
  });
  return [
    named('examples', 'the examples are published', async (kit) => {
      const speakers = createSpeakers(kit);
      for (const { payload } of examples) await taken(kit, await speakers.next(), payload as object);
    }),
    ...[...byKeyword(edgeSamples(schema, example))].map(([place, samples]) =>
      named(place, 'a text at this bound is published', async (kit) => {
        const speakers = createSpeakers(kit);
        for (const { value } of samples) await taken(kit, await speakers.next(), value as object);
      }),
    ),
    named('unknown-properties', 'unknown properties are ignored', async (kit) => {
      const speakers = createSpeakers(kit);
      const said = { text: 'With more than is known', nonce: newNonce() };
      await taken(kit, await speakers.next(), {
        type,
        contract: [1],
        constructor: 7,
        msg: { ...said, contract: { a: null }, toString: 2 },
      });
    }),
    named('generated', 'random frames of the schema are published', async (kit) => {
      const speakers = createSpeakers(kit);
      await shrunk(kit, arbitraryOf(schema), 25, async (frame) => {
        try {
          await taken(kit, await speakers.next(), frame as object);
          return undefined;
        } catch (error) {
          if (error instanceof Violation) return error;
          throw error;
        }
      });
    }),
  ];
}

/** The error codes for a frame that breaks its schema. */
const ofItsForm = ['malformed_json', 'unknown_type', 'invalid_message'];

/** A frame of which the kit knows only what the spec says: its examples may be refused, but not for their form. */
const examplesCase = ({ type, examples }: DeclaredFrame): Case => ({
  id: `ws.send.${type}.examples`,
  says: 'the examples are accepted as valid',
  run: async (kit) => {
    const session = await kit.join('bob');
    session.mayEnd();
    for (const { payload } of examples) {
      await kit.pacer.take(session.username);
      session.send(payload);
      const nonce = saidIn(payload)?.nonce;
      // Its answer must not be taken for that of what settles.
      if (nonce !== undefined)
        await session.until('answer', (frame) => member(frame.msg, 'nonce') === nonce).catch(() => {});
    }
    // Some are answered by the end of the connection; with which code, a standing check looks at.
    await settle(kit, session, []).catch((error: unknown) => {
      if (session.closeCode === undefined) throw error;
    });
    const refused = session.frames.find((frame) => ofItsForm.includes(codeOf(frame)));
    if (refused) throw fault(session, `an example of ${type} is refused with ${codeOf(refused)}`, refused);
  },
});

const notJson = ['', 'Hello!', '{', '{}{}', "{'type':'chat_message'}", '{"type":"chat_message",}'];

/** Returns the cases for each frame of a client: valid and invalid samples of its schema. */
export function frameCases({ chat: { client, server } }: Specs): Case[] {
  const known = client.map(({ type }) => type);
  const others = [...server.map(({ type }) => type), 'contract', 'Chat_message', '', '__proto__'].filter(
    (type) => !known.includes(type),
  );
  return [
    ...client.flatMap((frame) => {
      const { type, schema } = frame;
      const example = exampleOf(frame);
      if (example === undefined) return [];
      const samples = brokenSamples(schema, example);
      return [
        ...[...byKeyword(samples)].map(([place, broken]) => invalidCase(type, place, broken)),
        ...(type === 'chat_message' ? chatCases(frame, example) : [examplesCase(frame)]),
      ];
    }),
    {
      id: 'ws.send.unknown-type',
      says: 'a type that clients may not send is refused',
      run: (kit) =>
        refuseAll(
          kit,
          others.map((type) => ({
            what: `the type '${type}'`,
            text: JSON.stringify({ type, msg: { text: 'a' } }),
            codes: ['unknown_type'],
          })),
        ),
    },
    {
      id: 'ws.send.malformed',
      says: 'a frame that is not JSON is refused',
      run: (kit) =>
        refuseAll(
          kit,
          notJson.map((text) => ({ what: JSON.stringify(text), text, codes: ['malformed_json'] })),
        ),
    },
  ];
}
