/** An event of a stream, as a reader receives it. `lastEventId` is what the reader would resume with. */
export interface StreamEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
  /** Whether the event has an `id` line of its own. */
  readonly hasId: boolean;
}

/** Reader of Server-Sent Events. */
export interface EventParser {
  /** Reads bytes, however they are cut, and returns the events that they complete. */
  read(bytes: Uint8Array): StreamEvent[];
  /** Texts of the comment lines so far. */
  readonly comments: readonly string[];
  /** Last `id` line that was dispatched with an event; empty if there was none. */
  readonly lastEventId: string;
}

/**
 * Creates a reader by the algorithm of the standard alone (WHATWG HTML, 9.2.5 and 9.2.6). It imports nothing of the
 * server, so that it finds the faults of the server's encoder.
 */
export function createEventParser(): EventParser {
  // Drops a byte order mark at the start, as the standard demands.
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const comments: string[] = [];
  let line = '';
  let wasReturn = false;
  let data = '';
  let type = '';
  let idBuffer = '';
  let hasId = false;
  let lastEventId = '';

  function dispatch(): StreamEvent[] {
    lastEventId = idBuffer;
    const event = { type: type || 'message', data: data.replace(/\n$/, ''), lastEventId, hasId };
    const isEmpty = data === '';
    data = type = '';
    hasId = false;
    return isEmpty ? [] : [event];
  }

  function field(name: string, value: string): void {
    if (name === 'event') type = value;
    else if (name === 'data') data += `${value}\n`;
    else if (name === 'id' && !value.includes('\0')) {
      idBuffer = value;
      hasId = true;
    }
  }

  function take(text: string): StreamEvent[] {
    if (text === '') return dispatch();
    const colon = text.indexOf(':');
    if (colon === 0) comments.push(text.slice(1));
    else if (colon < 0) field(text, '');
    else field(text.slice(0, colon), text.slice(colon + 1).replace(/^ /, ''));
    return [];
  }

  return {
    read(bytes) {
      const events: StreamEvent[] = [];
      for (const character of decoder.decode(bytes, { stream: true })) {
        // A line ends with CR LF, LF or CR.
        const isSecondHalf = wasReturn && character === '\n';
        wasReturn = character === '\r';
        if (isSecondHalf) continue;
        if (character !== '\n' && character !== '\r') {
          line += character;
          continue;
        }
        events.push(...take(line));
        line = '';
      }
      return events;
    },
    comments,
    get lastEventId() {
      return lastEventId;
    },
  };
}
