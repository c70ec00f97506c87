import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shrunk } from '../src/cases/shrink.ts';
import { Violation } from '../src/errors.ts';

const faultAbove = (most: number) => async (value: number) =>
  value > most ? new Violation(`${value} is too much`) : undefined;

it('finds the smallest faulty value', async () => {
  await expect(shrunk({ seed: 1 }, fc.nat(), 20, faultAbove(41))).rejects.toThrow(new Violation('42 is too much'));
});

it('returns nothing where there is no fault', async () => {
  await expect(shrunk({ seed: 1 }, fc.nat(), 20, async () => undefined)).resolves.toBeUndefined();
});

it('tries the same values with the same seed', async () => {
  const triedWith = async (seed: number): Promise<number[]> => {
    const tried: number[] = [];
    await shrunk({ seed }, fc.nat(), 20, async (value) => void tried.push(value));
    return tried;
  };
  expect(await triedWith(5)).toEqual(await triedWith(5));
  expect(await triedWith(5)).not.toEqual(await triedWith(6));
});

it('stops at its bound, however far it could shrink', async () => {
  let tries = 0;
  const always = async (): Promise<Violation> => {
    tries += 1;
    return new Violation('always');
  };
  await expect(shrunk({ seed: 1 }, fc.array(fc.nat(), { minLength: 0, maxLength: 500 }), 5, always)).rejects.toThrow(
    'always',
  );
  expect(tries).toBeLessThanOrEqual(65);
});

it('passes on an unrelated error', async () => {
  const fault = async (): Promise<undefined> => {
    throw new TypeError('mine');
  };
  await expect(shrunk({ seed: 1 }, fc.nat(), 5, fault)).rejects.not.toBeInstanceOf(Violation);
});
