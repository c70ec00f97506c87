import { describe, expect, it } from 'vitest';
import { explainStart } from '../../../src/commands/start-fault.ts';
import { temporaryFolder } from '../../harness/folder.ts';

const fault = (fields: object): Error => Object.assign(new Error('planted'), fields);
const explained = (fields: object, dataDir: string, host = '::1') =>
  explainStart(fault(fields), { host, port: 3_000, dataDir });

describe('a failed start', () => {
  it.each([
    ['EADDRINUSE', 'PORT 3000 is in use: another program listens on [::1]:3000, or another Palaver'],
    ['EACCES', 'PORT 3000 is reserved: this user must not listen on [::1]:3000. Choose a port above 1023'],
    ['EAFNOSUPPORT', 'HOST is ::1, but this machine has no addresses of that kind'],
    ['EADDRNOTAVAIL', 'HOST is ::1, which is not an address of this machine'],
    ['ENFILE', 'Palaver cannot listen on [::1]:3000 (ENFILE): check HOST and PORT'],
  ])('names the address, with %s', (code, says) => {
    expect(explained({ code, syscall: 'listen' }, 'data')).toBe(says);
  });

  it.each([
    ['a full disk', { code: 'ENOSPC', syscall: 'open', path: './data/epoch.tmp' }, './data/epoch.tmp is full (ENOSPC)'],
    ['a quota', { code: 'EDQUOT', syscall: 'write' }, 'the disk of data is full (EDQUOT)'],
    ['a file system to read only', { code: 'EROFS', syscall: 'mkdir', path: 'data' }, 'data is on a read-only file'],
    ['a full disk under SQLite', { errcode: 13 }, 'the disk of data/palaver.db is full (ENOSPC)'],
    ['a read-only database', { errcode: 8 }, 'data/palaver.db is on a read-only file system (EROFS)'],
    ['a damaged database', { errcode: 11 }, 'data/palaver.db is damaged: restore a backup'],
    ['a lock', { errcode: 261 }, 'data/palaver.db is in use: stop the server'],
    ['a broken disk', { errcode: 266 }, 'data/palaver.db cannot be used (EIO)'],
  ])('names the data folder, with %s', (_, fields, says) => {
    const reason = explained(fields, 'data');
    expect(reason.startsWith('DATA_DIR: ')).toBe(true);
    expect(reason).toContain(says);
  });

  it('passes any other error’s message on', () => {
    const dataDir = temporaryFolder();
    for (const fields of [{}, { code: 'ENOENT', syscall: 'open', path: '/elsewhere/ca.pem' }, { code: 11_000 }])
      expect(explained(fields, dataDir)).toBe('planted');
  });
});
