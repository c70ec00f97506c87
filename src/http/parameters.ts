import type { Context } from 'hono';
import { routePath } from 'hono/route';
import type { FieldError } from '../../generated/http/index.ts';
import { rawPath } from './target.ts';

/** Returns whether percent-encoding can be decoded: as UTF-8, with two hexadecimal digits after every `%`. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Returns the parameters in the path, as they were sent. */
function pathParameters(c: Context): readonly (readonly [name: string, value: string])[] {
  const sent = rawPath(c.req.raw).split('/');
  return routePath(c, -1)
    .split('/')
    .flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), sent[index] ?? ''] as const] : []));
}

/** Returns the parameters in the query, as they were sent. */
function queryParameters(c: Context): readonly (readonly [name: string, value: string])[] {
  const { url } = c.req;
  const start = url.indexOf('?');
  if (start < 0) return [];
  const [query = ''] = url.slice(start + 1).split('#');
  return query.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    return [isDecodable(name) ? decodeURIComponent(name) : name, value] as const;
  });
}

/**
 * Returns the faults of parameters that Hono wouldn't report: it takes broken encoding literally, and a second value
 * for a list.
 */
export function parameterErrors(c: Context, place: 'param' | 'query', names: readonly string[]): FieldError[] {
  const sent = place === 'param' ? pathParameters(c) : queryParameters(c);
  return names.flatMap((name) => {
    const values = sent.filter(([other]) => other === name).map(([, value]) => value);
    const pointer = `/${name}`;
    if (values.length > 1) return [{ pointer, detail: 'must be given only once' }];
    return values.every(isDecodable) ? [] : [{ pointer, detail: 'must be percent-encoded UTF-8' }];
  });
}
