import { main, usageOf } from 'palaver-contract';
import type { Command } from './command.ts';

/** Runs the contract kit, which is a package of its own for any server. */
export const contract: Command = { usage: usageOf('palaver contract'), run: main };
