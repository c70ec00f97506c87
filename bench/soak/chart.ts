import { text } from '../chart.ts';
import type { Point, Trend } from './trend.ts';

const width = 860;
const left = 70;
const right = 836;
const panelHeight = 150;
const gap = 58;
const top = 110;

interface Series {
  readonly label: string;
  readonly colour: string;
  /** One line per sample, because nothing was measured in between. */
  readonly lines: readonly (readonly Point[])[];
}

/** One figure over time, with its own scale from zero. */
export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  /** The fitted line, drawn over the samples. */
  readonly trend?: Trend;
}

interface Times {
  readonly fromMinute: number;
  readonly minutes: number;
}

/** Returns the smallest of 1, 2 and 5 times a power of ten that gives at most this many steps. */
function stepFor(most: number, steps: number): number {
  const power = 10 ** Math.floor(Math.log10(most / steps));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => most / step <= steps)!;
}

const steps = (most: number, step: number): number[] =>
  Array.from({ length: Math.floor(most / step) + 1 }, (_, n) => n * step);
const short = (value: number): string => `${Number(value.toPrecision(6))}`;

function drawPanel({ title, series, trend }: Panel, { fromMinute, minutes }: Times, y: number): string {
  const highest = Math.max(1e-3, ...series.flatMap(({ lines }) => lines.flat().map(({ value }) => value)));
  const step = stepFor(highest, 4);
  const most = Math.ceil((highest * 1.02) / step) * step;
  const bottom = y + panelHeight;
  const x = (minute: number): string => (left + (Math.max(0, minute) / minutes) * (right - left)).toFixed(1);
  const at = (value: number): string => (bottom - (value / most) * panelHeight).toFixed(1);
  const fitted = ({ start, perMinute }: Trend): string => {
    const [from, to] = [fromMinute, minutes].map((minute) => `${x(minute)},${at(start + perMinute * minute)}`);
    return `<polyline points="${from} ${to}" fill="none" stroke="#cf222e" stroke-width="1.5" stroke-dasharray="6 4"/>`;
  };
  return [
    text(24, y - 14, title, 'font-size="15" font-weight="600"'),
    ...(series.length < 2
      ? []
      : series.map(({ label, colour }, n) =>
          text(right - 120 * (series.length - 1 - n), y - 14, label, `fill="${colour}" text-anchor="end"`),
        )),
    `<rect x="${left}" y="${y}" width="${Number(x(fromMinute)) - left}" height="${panelHeight}" fill="#f0f2f4"/>`,
    ...steps(most, step).map(
      (value) =>
        `<path d="M${left} ${at(value)}H${right}" stroke="#d8dee4"/>\n${text(left - 8, Number(at(value)) + 4, short(value), 'text-anchor="end" fill="#57606a"')}`,
    ),
    ...steps(minutes, stepFor(minutes, 10)).map((minute) =>
      text(Number(x(minute)), bottom + 18, short(minute), 'text-anchor="middle" fill="#57606a"'),
    ),
    ...series.flatMap(({ colour, lines }) =>
      lines.map((points) => {
        const line = points.map(({ minute, value }) => `${x(minute)},${at(value)}`).join(' ');
        return `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
      }),
    ),
    ...(trend ? [fitted(trend)] : []),
  ].join('\n');
}

/** Draws the measurements over time, one panel below the other, with `notes` beneath. */
export function drawSoak(title: string, panels: readonly Panel[], times: Times, notes: readonly string[]): string {
  const below = top + panels.length * (panelHeight + gap);
  const height = below + notes.length * 16 + 12;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" role="img" font-size="13" fill="#1f2328">
<title>${title}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
${text(24, 36, title, 'font-size="20" font-weight="600"')}
${text(24, 58, 'minutes from left to right; grey: warm-up, and a rest behind it; dashed: the line that the verdict is about', 'fill="#57606a"')}
${panels.map((panel, n) => drawPanel(panel, times, top + n * (panelHeight + gap))).join('\n')}
${notes.map((note, n) => text(24, below + n * 16, note, 'fill="#57606a" font-size="11"')).join('\n')}
</svg>
`;
}
