import { expect, it } from 'vitest';
import { startScriptedServer } from '../../../test/harness/scripted-server.ts';
import * as sdk from '../src/index.ts';
import { runHostile } from './runtimes/hostile.ts';

it('survives misbehaving servers, networks and apps', { timeout: 180_000 }, async () => {
  await using server = await startScriptedServer();
  const outcomes = await runHostile({ sdk, url: server.url, storm: 200, canDestroy: true });
  expect(outcomes.filter(({ fault }) => fault !== undefined)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(10);
});
