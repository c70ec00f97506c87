import type { StateCode } from '@palaver/sdk';
import type { RoomView } from '@palaver/sdk/react';
import { inWords } from './words.ts';

export interface Cause {
  readonly code: StateCode;
  readonly detail: string;
}

/** Returns why there is no connection. */
export function causeOf({ reason, error }: RoomView): Cause | undefined {
  return reason ?? (error && { code: error.code, detail: error.message });
}

const labels = {
  connecting: 'Connecting…',
  open: 'Connected',
  reconnecting: 'Reconnecting…',
  closed: 'Not connected.',
};

interface Props {
  readonly view: RoomView;
  readonly onJoin: () => void;
}

/** Shows the state of the connection, which screen readers announce when it changes. */
export function Connection({ view, onJoin }: Props) {
  const cause = causeOf(view);
  // Before the first attempt to connect, the room is closed without a cause.
  const state = view.state === 'closed' && !cause ? 'connecting' : view.state;
  const why = state !== 'open' && cause ? ` ${inWords(cause.code, cause.detail)}` : '';
  return (
    <div class={`connection ${state}`}>
      <p role="status">{labels[state] + why}</p>
      {state === 'closed' && (
        <button type="button" onClick={onJoin}>
          Join again
        </button>
      )}
    </div>
  );
}
