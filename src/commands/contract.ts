import { main, usageOf } from 'palaver-contract';
import type { Command } from './command.ts';

/** The kit is a package of its own, for servers of any kind; here it is at hand. */
export const contract: Command = { usage: usageOf('palaver contract'), run: main };
