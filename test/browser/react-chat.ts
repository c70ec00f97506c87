/** A page that uses the hook in React, in strict mode, which mounts everything twice. */
import { createElement as h, StrictMode, useState, version } from 'react';
import { createRoot } from 'react-dom/client';
import { Palaver, type Transport } from '../../sdk/typescript/src/index.ts';
import { useRoom } from '../../sdk/typescript/src/react.ts';

const query = new URLSearchParams(location.search);
const palaver = new Palaver({
  url: query.get('server') ?? location.origin,
  maxRetries: 0,
});

function Chat({ token }: { token: string | undefined }) {
  const { state, reason, roster, users, transport, messages, gaps, error, send } = useRoom(
    palaver,
    token === undefined ? undefined : { token },
    {
      maxMessages: 2,
      transport: (query.get('transport') ?? 'auto') as Transport | 'auto',
    },
  );
  const isBehindGap = (id: string, before = ''): boolean => gaps.some((gap) => gap > before && gap < id);
  const texts = messages.map(({ id, msg }, n) => (isBehindGap(id, messages[n - 1]?.id) ? `… ${msg.text}` : msg.text));
  return h(
    'div',
    {},
    h('p', { id: 'state' }, [state, reason?.code, error?.code].filter(Boolean).join(' ')),
    h('p', { id: 'roster' }, roster.join(', ')),
    h('p', { id: 'users' }, users.map(({ user_id }) => user_id).join(', ')),
    h('p', { id: 'transport' }, transport),
    h('p', { id: 'messages' }, texts.join(', ')),
    h('button', { type: 'button', onClick: () => void send('Hello!') }, 'Say hello'),
  );
}

function Page() {
  const [token, setToken] = useState<string>();
  Object.assign(globalThis, { setToken });
  return h(Chat, { token });
}

const container = document.createElement('div');
document.body.replaceChildren(container);
document.title = `React ${version}`;
createRoot(container).render(h(StrictMode, {}, h(Page)));
