import { main, usageOf } from 'palaver-contract';
import type { Command } from './command.ts';

/** Runs the contract kit, a separate package that tests any server. */
export const contract: Command = { usage: usageOf('palaver contract'), run: (args) => main(args, 'palaver contract') };
