import type { TestServer } from './server.ts';

/** A sample in the text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** Name of a metric → its type. */
  readonly types: ReadonlyMap<string, string>;
  /** Returns the sum of the samples with this name and these labels, or 0. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

const sampleLine = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g;

function sampleOf(line: string): Sample {
  const match = sampleLine.exec(line);
  if (!match) throw new Error(`No sample: ${line}`);
  const [, name, labels = '', value] = match;
  const pairs = [...labels.matchAll(label)].map(([, key, text]) => [key!, text!] as const);
  return { name: name!, labels: Object.fromEntries(pairs), value: Number(value) };
}

/** Reads the text format of Prometheus. @throws for a line that is neither a sample nor a comment */
export function parseMetrics(text: string): Scrape {
  const lines = text.split('\n').filter((line) => line !== '');
  const types = new Map(
    [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]): [string, string] => [name!, type!]),
  );
  const samples = lines.filter((line) => !line.startsWith('#')).map(sampleOf);
  return {
    text,
    samples,
    types,
    sum: (name, labels = {}) =>
      samples
        .filter((sample) => sample.name === name)
        .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
        .reduce((sum, { value }) => sum + value, 0),
  };
}

export const metricsUrl = ({ metrics }: Pick<TestServer, 'metrics'>, path = '/metrics'): string => {
  if (!metrics) throw new Error('This server serves no metrics');
  return `http://${metrics.host}:${metrics.port}${path}`;
};

export async function scrape(server: Pick<TestServer, 'metrics'>): Promise<Scrape> {
  const response = await fetch(metricsUrl(server));
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
  return parseMetrics(await response.text());
}

/** Returns the metric of a sample. A histogram has several samples. */
export const metricOf = (name: string, types: Scrape['types']): string =>
  types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
