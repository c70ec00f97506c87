/** A server that is to leak loads this before everything else. */
import { changeHere } from '../../test/attack/switch-off.ts';
import { leaks } from './leaks.ts';

const { LEAK } = process.env;
const leak = leaks.find(({ name }) => name === LEAK);
if (!leak) throw new Error(`There is no leak called '${LEAK}'`);
changeHere(leak);
