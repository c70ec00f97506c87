/** Event of a stream (WHATWG HTML, 9.2). */
export interface StreamEvent {
  readonly type: string;
  readonly data: string;
  /** Last id of the stream so far; empty before the first one. */
  readonly lastId: string;
}

/** Maximum length of an event, in UTF-16 code units: the server's maximum for a frame. */
const maxLength = 16_777_216;

/**
 * Creates a parser of a stream. It takes the bytes as they come, cut anywhere, and calls back with each event.
 * @throws {RangeError} from the returned function, for an event that is too long
 */
export function createSseParser(onEvent: (event: StreamEvent) => void): (bytes: Uint8Array) => void {
  // Removes the byte order mark at the beginning.
  const decoder = new TextDecoder();
  let rest = '';
  /** Whether the last line ended with CR: an LF after it belongs to it. */
  let endsWithCr = false;
  let type = '';
  let data: string[] = [];
  let dataLength = 0;
  let lastId = '';

  function dispatch(): void {
    const event = { type: type || 'message', data: data.join('\n'), lastId };
    const hasData = data.length > 0;
    type = '';
    data = [];
    dataLength = 0;
    if (hasData) onEvent(event);
  }

  function take(line: string): void {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === 'event') type = value;
    else if (field === 'id' && !value.includes('\0')) lastId = value;
    else if (field === 'data') {
      data.push(value);
      dataLength += value.length;
    }
  }

  return (bytes) => {
    let text = decoder.decode(bytes, { stream: true });
    if (endsWithCr && text !== '') {
      if (text.startsWith('\n')) text = text.slice(1);
      endsWithCr = false;
    }
    const lineEnd = /\r\n?|\n/g;
    let from = 0;
    for (let match = lineEnd.exec(text); match; match = lineEnd.exec(text)) {
      const line = rest + text.slice(from, match.index);
      rest = '';
      from = lineEnd.lastIndex;
      endsWithCr = match[0] === '\r' && from === text.length;
      if (line === '') dispatch();
      else take(line);
    }
    rest += text.slice(from);
    if (rest.length + dataLength > maxLength) throw new RangeError(`The event has more than ${maxLength} characters.`);
  };
}
