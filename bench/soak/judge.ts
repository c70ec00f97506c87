import { type Trend, trendOf, type Verdict, verdictOf } from './trend.ts';
import type { Rest, Sample } from './watch.ts';

/** Growth below these bounds is the noise of ten minutes. */
const tolerance = { heapMb: 0.5, rssMb: 1, bytesAJoin: 50 };

export interface Judgement {
  readonly verdict: Verdict;
  /** The verdict in words, with its figures. */
  readonly says: string;
  readonly trend?: Trend;
}

interface Measured {
  /** Samples taken during the churn, after the warm-up. */
  readonly samples: readonly Sample[];
  /** After the warm-up, and at the end. */
  readonly rests: readonly [warm: Rest, last: Rest];
  readonly filesAtFirst: number;
}

function judgeTrend(title: string, samples: readonly Sample[], figure: 'heapMb' | 'rssMb'): Judgement {
  const trend = trendOf(samples.map((sample) => ({ minute: sample.minute, value: sample[figure] })));
  const verdict = verdictOf(trend, tolerance[figure]);
  const { perMinute, margin } = trend;
  const says = `${title}: ${verdict}, ${perMinute.toFixed(2)} ± ${margin.toFixed(2)} MB a minute (95 %); below ${tolerance[figure]} is flat`;
  return { verdict, says, trend };
}

/** Judges the heap at rest. It holds leaks, and caches that have been full since the warm-up. */
function judgeRest([warm, last]: Measured['rests']): Judgement {
  const bytes = ((last.heapMb - warm.heapMb) * 2 ** 20) / (last.joins - warm.joins);
  const verdict = bytes < tolerance.bytesAJoin ? 'flat' : 'grows';
  const says = `Live heap at rest: ${verdict}, ${warm.heapMb.toFixed(2)} MB after the warm-up and ${last.heapMb.toFixed(2)} MB after ${last.joins - warm.joins} more joins, ${bytes.toFixed(0)} bytes for each; below ${tolerance.bytesAJoin} is flat`;
  return { verdict, says };
}

function judgeFiles(filesAtFirst: number, [, last]: Measured['rests']): Judgement {
  const verdict = last.files <= filesAtFirst ? 'flat' : 'grows';
  return { verdict, says: `Descriptors: ${verdict}, ${filesAtFirst} at first and ${last.files} at rest` };
}

/** Returns each figure with its verdict. */
export const judge = ({ samples, rests, filesAtFirst }: Measured) => ({
  heap: judgeTrend('Live heap under churn', samples, 'heapMb'),
  rss: judgeTrend('RSS under churn', samples, 'rssMb'),
  rest: judgeRest(rests),
  files: judgeFiles(filesAtFirst, rests),
});
