import type { Case } from './case.ts';
import { closing } from './closing.ts';
import { control } from './control.ts';
import { fragments } from './fragments.ts';
import { framing } from './framing.ts';
import { openingHandshake } from './handshake.ts';
import { limits } from './limits.ts';
import { reservedBits, reservedOpcodes } from './reserved.ts';
import { utf8 } from './utf8.ts';

/** Sections 1 to 7 are those of the Autobahn suite for RFC 6455. */
export const cases: readonly Case[] = [
  framing,
  control,
  reservedBits,
  reservedOpcodes,
  fragments,
  utf8,
  closing,
  limits,
  openingHandshake,
].flat();
