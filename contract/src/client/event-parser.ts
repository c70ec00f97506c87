/** One event of a stream, with its fields as they were sent. */
export interface StreamedEvent {
  /** Its `event` field; empty if it has none. */
  readonly name: string;
  /** Its `id` field; undefined if it has none. */
  readonly id: string | undefined;
  /** Its `data` fields, joined by line feeds. */
  readonly data: string;
  /** The number of its `data` fields. */
  readonly lines: number;
}

const lineEnd = /\r\n|\n|\r/;

/** Reads a stream of events (WHATWG HTML, 9.2.6). Returns the events that these bytes complete. */
export function createEventParser(): (bytes: Uint8Array) => StreamedEvent[] {
  // Removes a byte order mark at the start, as the standard says.
  const decoder = new TextDecoder();
  let held = '';
  let name = '';
  let id: string | undefined;
  let data: string[] = [];

  function field(line: string): void {
    const [, key = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? [];
    if (key === 'event') name = value;
    if (key === 'data') data.push(value);
    if (key === 'id' && !value.includes('\u0000')) id = value;
  }

  /** Ends an event. Without data there is none. */
  function dispatch(): StreamedEvent[] {
    const event = { name, id, data: data.join('\n'), lines: data.length };
    name = '';
    id = undefined;
    data = [];
    return event.lines === 0 ? [] : [event];
  }

  return (bytes) => {
    held += decoder.decode(bytes, { stream: true });
    // A carriage return at the end may be half of a line's end.
    const whole = held.endsWith('\r') ? held.slice(0, -1) : held;
    const lines = whole.split(lineEnd);
    held = `${lines.pop()}${held.slice(whole.length)}`;
    return lines.flatMap((line) => {
      if (line === '') return dispatch();
      field(line);
      return [];
    });
  };
}
