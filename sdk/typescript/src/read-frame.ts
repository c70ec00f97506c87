import type { FrameId, ServerMessage } from './generated/index.ts';
import { frameShapes, type Shape } from './generated/shapes.ts';

/** Frame of a type that this version doesn't know. Its id still advances the position. */
export interface UnknownFrame {
  readonly type: 'unknown';
  readonly id: FrameId;
}

/** Pattern of ids in the contract: visible ASCII. */
const idPattern = /^[!-~]{1,64}$/;
const shapes = new Map(Object.entries(frameShapes));

/** Tells whether a value has the fields of a shape. It may have more. */
export function fits(value: unknown, shape: Shape): boolean {
  if (typeof shape === 'string') return typeof value === shape;
  if (Array.isArray(shape)) return Array.isArray(value) && value.every((item) => fits(item, shape[0]));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(shape).every(([key, inner]) => {
    const isOptional = key.endsWith('?');
    const member = (value as Record<string, unknown>)[isOptional ? key.slice(0, -1) : key];
    return member === undefined ? isOptional : fits(member, inner);
  });
}

/** Reads a frame. Returns undefined for all that a client ignores: no JSON object, or not the fields of its type. */
export function readFrame(data: unknown): ServerMessage | UnknownFrame | undefined {
  let frame: { type?: unknown; id?: unknown };
  try {
    frame = Object(JSON.parse(typeof data === 'string' ? data : ''));
  } catch {
    return undefined;
  }
  const { type, id } = frame;
  const isPlaced = typeof id === 'string' && idPattern.test(id);
  const shape = shapes.get(type as string);
  if (shape === undefined) return typeof type === 'string' && isPlaced ? { type: 'unknown', id } : undefined;
  return (id === undefined || isPlaced) && fits(frame, shape) ? (frame as ServerMessage) : undefined;
}
