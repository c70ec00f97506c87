import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';

export interface Expression {
  /** Every selector: the name of a metric or of one of its series, and the labels that it asks for. */
  readonly selectors: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  /** Labels that it groups by. */
  readonly groups: readonly string[];
}

/** Grafana inserts its own duration there. */
const inGrafana = (text: string): string => text.replaceAll('$__rate_interval', '5m');

/** Parses PromQL by Prometheus' own grammar. @throws if it is invalid */
export function readExpression(given: string): Expression {
  const text = inGrafana(given);
  const selectors: { name: string; labels: Record<string, string> }[] = [];
  const groups: string[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      const said = text.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`No PromQL at ${node.from}: ${text}`);
      if (node.name === 'VectorSelector') selectors.push({ name: /^\w+/.exec(said)?.[0] ?? '', labels: {} });
      if (node.name === 'UnquotedLabelMatcher') {
        const [, label, value] = /^(\w+)\s*[=!~]+\s*"(.*)"$/.exec(said)!;
        selectors.at(-1)!.labels[label!] = value!;
      }
      if (node.name === 'GroupingLabels') groups.push(...(said.match(/\w+/g) ?? []));
    },
  });
  return { selectors, groups };
}

const root = join(import.meta.dirname, '../../..');

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}
export const dashboard = JSON.parse(readFileSync(join(root, 'deploy/grafana/palaver.json'), 'utf8')) as Dashboard;
export const chapter = readFileSync(join(root, 'docs/reference/metrics.md'), 'utf8');

/** The alert expressions of the chapter. */
export const alerts = [...chapter.matchAll(/^- `([^`]+)`/gm)].map(([, expression]) => expression!);
/** A row for each metric: its name, type and labels. */
export const documented = new Map(
  [...chapter.matchAll(/^\| `(palaver_\w+)` \| (\w+) \| ([^|]*)\|/gm)].map(([, name, type, labels]) => [
    name!,
    { type: type!, labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort() },
  ]),
);
