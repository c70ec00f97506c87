import { describe, expect, it } from 'vitest';
import { unknownSettings } from '../../../src/config/unknown-settings.ts';

const known = ['PORT', 'HOST', 'DATA_DIR', 'MONGODB_URI', 'RATE_LIMIT_LOGIN', 'JWT_SECRET', 'MAX_SESSIONS', 'SIGNUP'];

describe('an unknown variable of .env', () => {
  it.each([
    ['PROT', 'PORT'],
    ['port', 'PORT'],
    ['HOTS', 'HOST'],
    ['DATADIR', 'DATA_DIR'],
    ['MONGO_URI', 'MONGODB_URI'],
    ['MONGODB_URL', 'MONGODB_URI'],
    ['MAX_SESSION', 'MAX_SESSIONS'],
    ['RATE_LIMIT_MESSAGES', 'RATE_LIMIT_LOGIN'],
    ['JWT_KEY', 'JWT_SECRET'],
    ['SIGN_UP', 'SIGNUP'],
  ])('reports %s as %s misspelt', (name, likely) => {
    expect(unknownSettings(known, { [name]: 'canary' }, {})).toEqual([{ name, likely }]);
  });

  it.each(['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'TZ', 'SITE', 'POSTGRES_PASSWORD', 'X'.repeat(1_000)])(
    'ignores %s',
    (name) => {
      expect(unknownSettings(known, { [name]: 'canary' }, {})).toEqual([]);
    },
  );

  it('reports twenty at most', () => {
    const file = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`MAX_${n}`, 'x']));
    expect(unknownSettings(known, file, {})).toHaveLength(20);
  });
});

describe('an unknown variable of the environment', () => {
  it.each([
    ['MONGODB_URL', 'MONGODB_URI'],
    ['DATADIR', 'DATA_DIR'],
    ['MAX_SESSION', 'MAX_SESSIONS'],
    ['JWT_SECERT', 'JWT_SECRET'],
  ])('reports %s as %s misspelt', (name, likely) => {
    expect(unknownSettings(known, {}, { [name]: 'canary' })).toEqual([{ name, likely }]);
  });

  it.each(['GHOST', 'PORTS', 'HOSTNAME', 'MAX_OLD_SPACE', 'JWT_KEY', 'RATE_LIMIT_MESSAGES', 'PATH', 'HOME'])(
    'ignores %s, which may be another program’s',
    (name) => {
      expect(unknownSettings(known, {}, { [name]: 'canary' })).toEqual([]);
    },
  );

  it('ignores a misspelt name where the right one is set too', () => {
    const environment = { MONGODB_URL: 'canary', MONGODB_URI: 'mongodb://127.0.0.1' };
    expect(unknownSettings(known, {}, environment)).toEqual([]);
  });
});
