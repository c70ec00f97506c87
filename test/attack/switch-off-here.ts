/** Every process that the runner of the defences starts loads this before everything else. */
import { switchOffHere } from './switch-off.ts';

const { DEFENCE_OFF } = process.env;
if (DEFENCE_OFF) switchOffHere(DEFENCE_OFF);
