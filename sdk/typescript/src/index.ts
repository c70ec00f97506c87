/**
 * The client of a Palaver chat server: begin with {@link Palaver}.
 * @module @palaver/sdk
 */
import './node.ts';

export * from './browser.ts';
