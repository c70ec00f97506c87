import { closes } from './closes.ts';
import { errors } from './errors.ts';
import { frames } from './frames.ts';
import { handshake } from './handshake.ts';
import { http } from './http.ts';
import { order } from './order.ts';
import { presence } from './presence.ts';
import type { Violation } from './violation.ts';

/** Each way in which the kit must catch a server, by what it concerns. */
export const violations: Readonly<Record<string, readonly Violation[]>> = {
  http,
  handshake,
  frames,
  order,
  presence,
  errors,
  closes,
};
