/** Plants the bug that PLANTED names in this process. `--import` loads it before the server. */
import { changeHere } from '../attack/switch-off.ts';
import { bugs } from './planted.ts';

const { PLANTED } = process.env;
const bug = bugs.find(({ name }) => name === PLANTED);
if (!bug) throw new Error(`There is no bug called '${PLANTED}'`);
for (const change of bug.changes) changeHere(change);
