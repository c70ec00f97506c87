import { describe, expect, it, vi } from 'vitest';
import { createLog } from '../../../src/log/log.ts';
import { createLogOutput } from '../../../src/log/output.ts';
import { until } from '../../harness/until.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });
const mib = 1_048_576;

/** An output to a device that takes this many bytes, then fails with this error until it has room again. */
function overDevice(code: string, room: number) {
  const device = { room, calls: 0, text: '', lost: [] as number[] };
  const output = createLogOutput(
    (bytes) => {
      device.calls += 1;
      const taken = Buffer.from(bytes as string).subarray(0, device.room);
      if (taken.length === 0) throw failure(code);
      device.room -= taken.length;
      device.text += taken.toString('latin1');
      return taken.length;
    },
    (lines) => {
      device.lost.push(lines);
      output.write(`lost ${lines}\n`);
    },
  );
  return { device, output, read: () => Buffer.from(device.text, 'latin1').toString() };
}

const codes = ['ENOSPC', 'EPIPE', 'EAGAIN', 'EBADF', 'EIO', 'EDQUOT'];

describe.each(codes)('an output that fails with %s', (code) => {
  it('gets every line whole and in order once it works again', async () => {
    const { device, output, read } = overDevice(code, 20);
    const lines = Array.from({ length: 40 }, (_, n) => `line ${n} €\n`);
    for (const line of lines) output.write(line);
    expect(Buffer.byteLength(read().slice(0, -1))).toBeLessThan(20);
    device.room = Number.POSITIVE_INFINITY;
    await until(() => read().endsWith('line 39 €\n'), 'the last line');
    expect(read()).toBe(lines.join(''));
    output.write('one more\n');
    expect(read().endsWith('\none more\n')).toBe(true);
    expect(device.lost).toEqual([]);
  });

  it('keeps at most 1 MiB of lines, and logs once how many others were lost', async () => {
    const { device, output, read } = overDevice(code, 0);
    const line = (n: number): string => `${String(n).padStart(1_023, '.')}\n`;
    for (let n = 0; n < 1_500; n += 1) output.write(line(n));
    device.room = Number.POSITIVE_INFINITY;
    await until(() => device.lost.length > 0, 'the report');
    output.write('next\n');
    const written = read().split('\n');
    expect(written).toHaveLength(1_024 + 3);
    expect(written.slice(1_023)).toEqual([line(1_023).trimEnd(), 'lost 476', 'next', '']);
    expect(device.lost).toEqual([476]);
  });
});

describe('an output that fails', () => {
  it('is not tried for every line', () => {
    const { device, output } = overDevice('ENOSPC', 0);
    for (let n = 0; n < 1_000; n += 1) output.write('line\n');
    expect(device.calls).toBe(1);
  });

  it('finishes a partly written line before any other', async () => {
    const { device, output, read } = overDevice('EAGAIN', 10);
    const long = `${'€'.repeat(mib)}\n`;
    output.write(long);
    output.write('next\n');
    device.room = Number.POSITIVE_INFINITY;
    await until(() => device.lost.length > 0, 'the report');
    expect(read()).toBe(`${long}lost 1\n`);
  });

  it('writes waiting lines at the end, without waiting for a full disk', () => {
    const full = overDevice('ENOSPC', 0);
    full.output.write('line\n');
    full.output.end();
    expect(full.device.calls).toBe(2);
    full.device.room = 100;
    full.output.end();
    expect(full.read()).toBe('line\n');
  });

  it('waits at the end for a slow reader, but not for ever', () => {
    const slow = overDevice('EAGAIN', 0);
    slow.output.write('line\n');
    const wait = vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      if (slow.device.calls === 4) slow.device.room = 100;
      return 'timed-out';
    });
    slow.output.end();
    wait.mockRestore();
    expect(slow.read()).toBe('line\n');
    const stalled = overDevice('EAGAIN', 0);
    stalled.output.write('line\n');
    stalled.output.end();
    expect(stalled.read()).toBe('');
  });
});

it('an error whose properties throw is logged all the same', () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'info', production: true }, { write: (line: string) => void lines.push(line) });
  const err = Object.defineProperty(new Error('planted'), 'operation', {
    enumerable: true,
    get: () => {
      throw new Error('planted');
    },
  });
  log.event('server_failed', { err });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ event: 'server_failed', err: { type: 'Error' } }]);
});
