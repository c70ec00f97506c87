import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { createRunRecorder, endRuns } from '../../../src/history/runs.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { temporaryFolder } from '../../harness/folder.ts';

function openStore() {
  const database = openSqlite(temporaryFolder());
  onTestFinished(() => database.close());
  return sqliteMessageStore(database);
}
type Store = ReturnType<typeof openStore>;
const gapsIn = async (store: Store) => (await store.before(undefined, 10)).gaps;

describe('endRuns', () => {
  it.each([
    { name: 'ends a run that was cut off with a gap', given: [{ epoch: '1', lastId: undefined }], want: ['1-~'] },
    { name: 'leaves a run that ended as it is', given: [{ epoch: '1', lastId: '1-5' }], want: [] },
    {
      name: 'leaves the runs from an epoch on as they are',
      given: [
        { epoch: '1', lastId: undefined },
        { epoch: '2', lastId: undefined },
      ],
      before: '2',
      want: ['1-~'],
    },
  ])('$name', async ({ given, before, want }) => {
    const store = openStore();
    await endRuns(store, given, before);
    expect(await gapsIn(store)).toEqual(want);
  });
});

describe('the run recorder', () => {
  it('records a run once, and ends the runs before it', async () => {
    const store = openStore();
    await store.putRun({ epoch: '1', lastId: undefined });
    const runs = createRunRecorder(store);
    runs.begin('2');
    expect(runs.isPending).toBe(true);
    await runs.record();
    expect(runs.isPending).toBe(false);
    expect(await store.runs()).toEqual([
      { epoch: '1', lastId: '1-~' },
      { epoch: '2', lastId: undefined },
    ]);
    expect(await gapsIn(store)).toEqual(['1-~']);
  });

  it('leaves a gap for a run that the store has lost', async () => {
    const runs = createRunRecorder(openStore());
    runs.begin('1');
    await runs.record();
    const emptied = openStore();
    const other = createRunRecorder(emptied);
    other.begin('1');
    other.begin('2');
    await other.record();
    expect(await gapsIn(emptied)).toEqual(['1-~']);
  });

  it('leaves a gap for each run that began and ended before it was recorded', async () => {
    const store = openStore();
    const runs = createRunRecorder(store);
    for (const epoch of ['1', '2', '3']) runs.begin(epoch);
    await runs.record();
    expect(await gapsIn(store)).toEqual(['1-~', '2-~']);
    expect((await store.runs()).at(-1)).toEqual({ epoch: '3', lastId: undefined });
  });

  it('stays pending while the store is unavailable', async () => {
    const store = openStore();
    let isAvailable = false;
    const runs = createRunRecorder({
      ...store,
      runs: () => (isAvailable ? store.runs() : Promise.reject(new Error('planted'))),
    });
    runs.begin('1');
    await expect(runs.record()).rejects.toThrow('planted');
    expect(runs.isPending).toBe(true);
    isAvailable = true;
    await runs.record();
    expect(await store.runs()).toEqual([{ epoch: '1', lastId: undefined }]);
  });

  it('stays pending if a further run begins meanwhile', async () => {
    const store = openStore();
    const runs = createRunRecorder(store);
    runs.begin('1');
    const recorded = runs.record();
    runs.begin('2');
    await recorded;
    expect(runs.isPending).toBe(true);
    await runs.record();
    expect((await store.runs()).map(({ epoch }) => epoch)).toEqual(['1', '2']);
  });
});
