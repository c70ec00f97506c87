import { describe, it } from 'vitest';

const name = 'what is no test';
describe('what a room sends', () => {
  it('announces who is here', () => {});
  it.each(['a frame'])('can not send %s', () => {});
  it.skipIf(name === '')(`lets ${name} come back`, () => {});
  it('says a b c d e f g h i j k l m n o p q r s t u v w x y z and so on and on', { timeout: 1 }, () => {});
  // What is not sent is kept.
  it('keeps a frame', () => describe.length);
});
