/**
 * Generates texts and bytes that are nearly valid. Input that is far off fails at the first check, and tests little.
 */
import fc from 'fast-check';

const long = ['x'.repeat(4_096), 'x'.repeat(4_097), '😀'.repeat(4_096), 'x'.repeat(256), 'x'.repeat(257), ''];
const broken = ['\ud83d', 'a\ude00', ' a', 'a ', 'a\n', '\u0000', '\u202ea', 'a@b', '@', '$where', '{"$gt":""}'];
const names = ['__proto__', 'constructor', 'prototype', 'toString', 'type', 'msg', 'text', 'nonce', 'id', '$gt', ''];

const texts = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }) },
  { weight: 2, arbitrary: fc.constantFrom(...broken) },
  { weight: 1, arbitrary: fc.constantFrom(...long) },
);
const odd = fc.oneof(
  texts,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(null, true, 0, -0, 1e308, [], {}, [[]], { $ne: null }),
);
const extra = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })), odd, { maxKeys: 2 });

const mostly = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 7, arbitrary }, { weight: 1, arbitrary: odd });

/** An object with these members. Some may be missing or malformed, and others may be added. */
const object = (members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc
    .tuple(
      extra,
      fc.record(Object.fromEntries(Object.entries(members).map(([name, value]) => [name, mostly(value)])), {
        requiredKeys: Object.keys(members).slice(0, 1),
      }),
      fc.boolean(),
    )
    .map(([beside, own, first]) => (first ? { ...beside, ...own } : { ...own, ...beside }));

/** A text with a piece removed, inserted, repeated or moved. */
const edited = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      arbitrary,
      fc.nat(),
      fc.nat(12),
      fc.constantFrom('', '"', '{', '}', ',', ':', '\\', '\\u0000', '1e999', '\ufeff'),
    )
    .map(([text, at, length, piece]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + (length > 9 ? text.slice(from, from + 3) : '') + piece + text.slice(from + length);
    })
    .map((text) => text.toWellFormed());

/** The JSON of such objects. Some of it is damaged, and some was never meant to be JSON. */
const jsonNear = (objects: fc.Arbitrary<object>): fc.Arbitrary<string> => {
  const json = objects.map((value) => JSON.stringify(value));
  return fc.oneof(
    { weight: 5, arbitrary: json },
    { weight: 4, arbitrary: edited(json) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  );
};

export const frameTexts: fc.Arbitrary<string> = jsonNear(
  object({ type: fc.constant('chat_message'), msg: object({ text: texts, nonce: texts }) }),
);

export const bodies: fc.Arbitrary<string> = jsonNear(
  object({
    email: fc.oneof(
      fc.nat(1e6).map((n) => `u${n}@example.com`),
      texts.map((text) => `${text}@b`),
    ),
    password: texts.map((text) => `${text}12345678`),
    username: fc.oneof(
      texts,
      fc.nat(1e6).map((n) => `User ${n}`),
    ),
  }),
);

/** Bytes with some of them changed. */
export const corrupted = (bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(bytes, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(), fc.boolean())
    .map(([whole, changes, at, cut]) => {
      const copy = Uint8Array.from(cut ? whole.slice(0, at % (whole.length + 1)) : whole);
      for (const [index, byte] of changes) if (copy.length > 0) copy[index % copy.length] = byte;
      return copy;
    });
