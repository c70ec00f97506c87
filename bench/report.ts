import type { Goal, Load, Metric } from './loads.ts';
import type { Run } from './result.ts';
import { everyServer, type ServerKind, type ServerName, servers } from './servers.ts';

export interface NamedLoad {
  readonly name: string;
  readonly load: Load;
}

/** The median of the rounds, and the two values between which they lie. */
interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** One server's figure beside Palaver's. */
export interface Row {
  readonly metric: Metric;
  readonly server: ServerName;
  readonly figure: Spread | undefined;
  readonly palaverToIt?: Spread | undefined;
  readonly goal?: Goal | undefined;
}

/** If everything else took more of a core than this in any run, the figures must not be quoted. */
const othersMost = 0.25;

const format = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
export const figure = (value: number): string => format.format(value);

function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.floor(middle - 0.5)]! + sorted[Math.ceil(middle - 0.5)]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

/** Returns every metric of every measured server. Comparisons are made within a round; the row has their median. */
export function rowsOf(runs: readonly Run[], { name, load }: NamedLoad): Row[] {
  const here = runs.filter((run) => run.load === name);
  const names = everyServer.filter((server) => here.some((run) => run.server === server));
  return Object.entries(load.metrics).flatMap(([key, metric]) =>
    names.map((server) => {
      const own = here.filter((run) => run.server === server);
      const { beside = 'palaver' }: ServerKind = servers[server];
      const against = server === 'palaver' ? undefined : server;
      const goal = load.goals.find((goal) => goal.metric === key && goal.against === against);
      const pairs = own.flatMap((run) => {
        const palaver = here.find((other) => other.server === beside && other.round === run.round);
        return palaver ? [[metric.of(palaver), metric.of(run)] as const] : [];
      });
      const compared = pairs
        .map(([palaver, peer]) => (goal?.difference ? palaver - peer : palaver / peer))
        // Without one of the two values there is no ratio.
        .filter((value) => goal?.difference || (value > 0 && Number.isFinite(value)));
      return { metric, server, figure: spreadOf(own.map(metric.of)), palaverToIt: against && spreadOf(compared), goal };
    }),
  );
}

/** Tells whether a goal is met, by the comparison or by Palaver's figure alone. */
function isMet({ goal, palaverToIt, figure }: Row): boolean | undefined {
  const value = (goal?.against ? palaverToIt : figure)?.median;
  if (!goal || value === undefined) return undefined;
  return value >= (goal.atLeast ?? Number.NEGATIVE_INFINITY) && value <= (goal.atMost ?? Number.POSITIVE_INFINITY);
}

function lineOf(row: Row): string {
  const { metric, server, figure: own, palaverToIt, goal } = row;
  const unit = !goal?.against ? (server === 'palaver' ? '' : ' ×') : goal.difference ? ' more' : ' ×';
  const spread = (of: Spread | undefined): string =>
    of ? `${figure(of.median)}${unit} (${figure(of.least)} to ${figure(of.most)})` : '';
  const bound = goal && (goal.atLeast === undefined ? `≤ ${goal.atMost}${unit}` : `≥ ${goal.atLeast}${unit}`);
  const met = isMet(row);
  const verdict = met === undefined ? '' : met ? 'yes' : '**no**';
  const cells = [metric.label, servers[server].title, own ? figure(own.median) : 'failed', spread(palaverToIt)];
  return `| ${[...cells, bound ?? '', verdict].join(' | ')} |`;
}

/** Reports how busy both sides were: a generator near 100 % measures itself, and a busy machine says little. */
function busy(runs: readonly Run[]): string {
  const shareOf = (own: readonly Run[], cpuS: (run: Run) => number): string =>
    `${Math.round(spreadOf(own.map((run) => cpuS(run) / run.result.seconds))!.median * 100)}`;
  const rows = everyServer.flatMap((name) => {
    const own = runs.filter(({ server }) => server === name);
    if (own.length === 0) return [];
    const shares = [shareOf(own, (run) => run.serverCpuS), shareOf(own, ({ result }) => result.cpuS)];
    const cells = [servers[name].title, ...shares, shareOf(own, ({ othersCpuS }) => othersCpuS)];
    return `| ${cells.join(' | ')} |`;
  });
  // Under a flood of logins, the process that hashes passwords causes the rest.
  const noisy = runs.some(({ othersCpuS, result, logins }) => !logins && othersCpuS / result.seconds > othersMost);
  const warning = noisy
    ? '\n\n**The machine had other work to do: measure again before you quote these figures.**\n'
    : '';
  const heading = '| CPU, % of a core | server | generator | everything else |\n|---|---|---|---|';
  return `${heading}\n${rows.join('\n')}${warning}`;
}

const loginsIn = (runs: readonly Run[]): string =>
  runs
    .filter(({ logins }) => logins)
    .map(({ logins }) =>
      Object.entries(logins!)
        .map(([status, count]) => `${count} × ${status}`)
        .join(', '),
    )
    .join('; ');

/** Returns the bench's findings in Markdown. */
export function report(
  runs: readonly Run[],
  loads: readonly NamedLoad[],
  { machine, limits, rounds }: { machine: string; limits: readonly string[]; rounds: number },
): string {
  const sections = loads.map(({ name, load }) => {
    const here = runs.filter((run) => run.load === name);
    const frames = here.map(({ result }) => result.frameBytes).filter((bytes) => bytes > 0);
    const logins = loginsIn(here);
    return [
      `### ${name}: ${load.title}`,
      '',
      '| | server | median | Palaver beside it: median (range) | goal | met |',
      '|---|---|---|---|---|---|',
      ...rowsOf(runs, { name, load }).map(lineOf),
      '',
      ...(here.length > 0 ? [busy(here)] : ['No run succeeded.']),
      ...(frames.length > 0 ? [`A chat frame has ${Math.min(...frames)} to ${Math.max(...frames)} bytes.`] : []),
      ...(logins ? [`Logins answered, round by round: ${logins}.`] : []),
      '',
    ].join('\n');
  });
  const about = `${machine}. ${rounds} interleaved rounds; each ratio is taken within a round. Palaver with ${limits.join(', ')}.`;
  return [...sections, about].join('\n');
}
