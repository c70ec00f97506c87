/** Loaded before everything else by every process that the runner of the defences starts. */
import { switchOffHere } from './switch-off.ts';

const { DEFENCE_OFF } = process.env;
if (DEFENCE_OFF) switchOffHere(DEFENCE_OFF);
