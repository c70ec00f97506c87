/** Compares the documentation and the dashboard with the metrics of a real node. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../harness/chat.ts';
import { request, signUp } from '../../harness/http.ts';
import { metricOf, type Scrape, scrape } from '../../harness/metrics.ts';
import { anyMongo, noMongo } from '../../harness/mongo.ts';
import { anyRedis, noRedis } from '../../harness/redis.ts';
import { startTestServer } from '../../harness/server.ts';
import { alerts, chapter, dashboard, documented, readExpression } from './expressions.ts';

const ran = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
);
/** Prometheus adds these itself. */
const added = ['job', 'instance'];

describe.skipIf(noRedis ?? noMongo)('the metrics of a node over Redis', () => {
  let exposed: Scrape;
  let cleanUp = async (): Promise<void> => {};
  beforeAll(async () => {
    const [mongo, redis] = await Promise.all([anyMongo(), anyRedis()]);
    cleanUp = async () => void (await Promise.all([mongo.remove(), redis.remove()]));
    await using server = await startTestServer({
      env: { METRICS_PORT: '0', MONGODB_URI: mongo.uri(), REDIS_URL: redis.uri() },
    });
    const { token } = await signUp(server);
    await request(server, 'GET', '/nothing');
    const headers = { Authorization: `Bearer ${token}` };
    await request(server, 'POST', '/messages', { headers, json: { text: 'From a backend' } });
    const chat = await connect(server, { token });
    chat.say('Hello!');
    await chat.next('chat_message');
    chat.sendRaw('no JSON');
    await chat.next('error');
    await chat.close();
    exposed = await scrape(server);
  });
  afterAll(() => cleanUp());

  const samplesOf = (name: string) => exposed.samples.filter((sample) => metricOf(sample.name, exposed.types) === name);
  const labelsOf = (name: string): string[] =>
    [...new Set(samplesOf(name).flatMap(({ labels }) => Object.keys(labels)))].filter((label) => label !== 'le').sort();

  it('match the documented table, with types and labels', () => {
    const own = [...exposed.types].filter(([name]) => name.startsWith('palaver_'));
    expect(own.map(([name]) => name).sort()).toEqual([...documented.keys()].sort());
    for (const [name, type] of own)
      expect([name, { type, labels: labelsOf(name) }]).toEqual([name, documented.get(name)]);
  });

  it('have a help text, a unit as suffix, and `_total` for counters', () => {
    for (const [name, type] of exposed.types) {
      if (!name.startsWith('palaver_')) continue;
      expect(exposed.text).toMatch(new RegExp(`^# HELP ${name} \\S.*$`, 'm'));
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    }
  });

  /** Checks that every metric in an expression exists, with the labels and values that it asks for. */
  function expectExposed(expression: string, legend = ''): void {
    const { selectors, groups } = readExpression(expression);
    expect(selectors.length, expression).toBeGreaterThan(0);
    const known = new Set(added);
    for (const { name, labels } of selectors) {
      const samples = exposed.samples.filter((sample) => sample.name === name);
      expect(samples.length, `${name} in ${expression}`).toBeGreaterThan(0);
      for (const sample of samples) for (const label of Object.keys(sample.labels)) known.add(label);
      for (const [label, value] of Object.entries(labels)) {
        if (value.startsWith('$')) expect(added).toContain(label);
        else
          expect(
            samples.map((sample) => sample.labels[label]),
            `${label} in ${expression}`,
          ).toContain(value);
      }
    }
    const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
    // A legend can show only labels that the query groups by.
    expect(groups, legend).toEqual(expect.arrayContaining(shown));
    for (const label of groups) expect([...known], expression).toContain(label);
  }

  it.each(ran)('the dashboard’s “$title” queries only exposed metrics: $legendFormat', ({ expr, legendFormat }) =>
    expectExposed(expr, legendFormat),
  );
  it.each(alerts)('the alert queries only exposed metrics: %s', (expression) => expectExposed(expression));
  it.each([...new Set(chapter.match(/`(?:process|nodejs)_\w+`/g))])(
    'the documentation names only exposed metrics: %s',
    (name) => expect([...exposed.types.keys()]).toContain(name.slice(1, -1)),
  );

  it('are all on the dashboard', () => {
    const shown = ran.flatMap(({ expr }) =>
      readExpression(expr).selectors.map(({ name }) => metricOf(name, exposed.types)),
    );
    expect([...documented.keys()].filter((name) => !shown.includes(name))).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('has panels that don’t overlap, in a grid of 24 columns', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x} ${y}`), `${title} lies on`).toBeUndefined();
          taken.set(`${x} ${y}`, title);
        }
    }
  });

  it('finds nodes by an existing metric, and uses only its own variables', () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name!);
    expect(new Set(used)).toEqual(new Set(names));
    for (const { definition } of dashboard.templating.list)
      if (definition) expect([...documented.keys()]).toContain(/\((\w+)/.exec(definition)![1]);
  });
});

it('rejects invalid PromQL, so that the check can fail', () => {
  expect(() => readExpression('sum by (rate(x[5m])')).toThrow('No PromQL');
  expect(readExpression('rate(palaver_x{code="a"}[$__rate_interval])').selectors).toEqual([
    { name: 'palaver_x', labels: { code: 'a' } },
  ]);
});
