/** Server-Sent Events as this server writes them: enough to change one, and to pass the others on unchanged. */

export interface StreamEvent {
  readonly name: string;
  /** Undefined if it has no `id` line. */
  readonly id?: string | undefined;
  /** One `data` line for each. */
  readonly data: readonly string[];
}

const separator = '\n\n';

/** Returns the event of a block; undefined for comments. */
function eventOf(block: string): StreamEvent | undefined {
  const fields = block.split('\n').map((line) => /^(\w+): (.*)$/.exec(line));
  const all = (key: string): string[] => fields.flatMap((field) => (field?.[1] === key ? [field[2]!] : []));
  const [name] = all('event');
  return name === undefined ? undefined : { name, id: all('id')[0], data: all('data') };
}

export const encodeEvent = ({ name, id, data }: StreamEvent): Buffer =>
  Buffer.from(
    [`event: ${name}`, ...(id === undefined ? [] : [`id: ${id}`]), ...data.map((line) => `data: ${line}`)].join('\n') +
      separator,
  );

/** Cuts a stream into events, each with its own bytes. Comments are bytes alone. */
export function createEventDecoder(): (bytes: Buffer) => { event?: StreamEvent | undefined; bytes: Buffer }[] {
  let held: Buffer = Buffer.alloc(0);
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    const parts: { event?: StreamEvent | undefined; bytes: Buffer }[] = [];
    for (let end = held.indexOf(separator); end >= 0; end = held.indexOf(separator)) {
      const part = held.subarray(0, end + separator.length);
      parts.push({ event: eventOf(part.toString()), bytes: part });
      held = held.subarray(end + separator.length);
    }
    return parts;
  };
}
