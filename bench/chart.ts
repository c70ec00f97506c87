import { figure, type NamedLoad, type Row, rowsOf } from './report.ts';
import type { Run } from './result.ts';
import { everyServer, type ServerName, servers } from './servers.ts';

const width = 860;
const margin = 24;
const barsFrom = 210;
const barsTo = 650;
const barHeight = 18;
const rowHeight = 25;
const panelHead = 62;

const colours: Record<ServerName, string> = {
  palaver: '#1d5fd1',
  'palaver-events': '#4c8bf5',
  before: '#7ba4e8',
  bun: '#c2761c',
  socketio: '#6b7280',
  ws: '#3f8f5b',
  hono: '#a2487b',
  'palaver-nodes': '#0b3d91',
  'socketio-nodes': '#374151',
};

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

export function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(words)}</text>`;
}

function bar({ server, figure: own, palaverToIt, goal }: Row, most: number, y: number): string {
  const colour = colours[server];
  const title = text(barsFrom - 10, y + 13, servers[server].title, 'text-anchor="end"');
  if (!own) return title + text(barsFrom, y + 13, 'failed');
  const length = Math.max(1.5, (own.median / most) * (barsTo - barsFrom));
  const ratio = palaverToIt && !goal?.difference ? `  (Palaver ${figure(palaverToIt.median)} ×)` : '';
  const weight = server === 'palaver' ? 'font-weight="600"' : '';
  return [
    title,
    `<rect x="${barsFrom}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${colour}"/>`,
    text(barsFrom + length + 8, y + 13, figure(own.median) + ratio, weight),
  ].join('\n');
}

/** Draws the first metric of a load: bars from zero, each load with its own scale. */
function panel(runs: readonly Run[], named: NamedLoad, top: number): { svg: string; height: number } {
  const [metric] = Object.values(named.load.metrics);
  const rows = rowsOf(runs, named).filter((row) => row.metric === metric);
  const most = Math.max(...rows.map((row) => row.figure?.median ?? 0));
  const better = metric?.lowerIsBetter ? 'lower is better' : 'higher is better';
  const svg = [
    text(margin, top + 22, `${named.name}: ${metric?.label}, ${better}`, 'font-size="15" font-weight="600"'),
    text(margin, top + 42, named.load.title, 'fill="#57606a"'),
    ...rows.map((row, index) => bar(row, most, top + panelHead + index * rowHeight - 6)),
  ].join('\n');
  return { svg, height: panelHead + rows.length * rowHeight + 14 };
}

/** Draws the medians, with one panel for each load. */
export function drawChart(runs: readonly Run[], loads: readonly NamedLoad[], machine: string): string {
  let y = 84;
  const panels: string[] = [];
  for (const load of loads) {
    const { svg, height } = panel(runs, load, y);
    panels.push(svg);
    y += height;
  }
  const shown = everyServer.filter((name) => runs.some(({ server }) => server === name));
  const legend = shown.map((name, index) => {
    const x = margin + index * 165;
    return `<rect x="${x}" y="56" width="12" height="12" rx="2" fill="${colours[name]}"/>\n${text(x + 18, 67, servers[name].title)}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 40}" viewBox="0 0 ${width} ${y + 40}" font-family="system-ui, sans-serif" role="img" font-size="13" fill="#1f2328">
<title>Palaver beside other servers</title>
<rect width="100%" height="100%" fill="#ffffff"/>
${text(margin, 36, 'Palaver beside other servers', 'font-size="20" font-weight="600"')}
${legend.join('\n')}
${panels.join('\n')}
${text(margin, y + 20, machine, 'fill="#57606a" font-size="11"')}
</svg>
`;
}
