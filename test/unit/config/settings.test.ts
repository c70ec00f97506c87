import { describe, expect, it } from 'vitest';
import { groups, type Setting, settings } from '../../../src/config/settings.ts';

const all = Object.entries<Setting>(settings);

describe('the table of settings', () => {
  it.each(all)('has a valid default for %s, if any', (_, { reader, default: fallback }) => {
    if (fallback !== undefined) expect(reader.read(fallback)).not.toBeUndefined();
  });

  it.each(all)('describes %s in whole sentences, in one row of Markdown', (_, { reader, description }) => {
    expect(description).toMatch(/^[A-Z`].*\.$/);
    expect(`${reader.allowed} ${description}`).not.toMatch(/[|\n]/);
  });

  it('has each group, and each key once', () => {
    expect(new Set(all.map(([, { group }]) => group))).toEqual(new Set(groups));
    const keys = all.flatMap(([, { key }]) => key ?? []);
    expect(keys).toEqual([...new Set(keys)]);
  });
});
