import { useState } from 'preact/hooks';
import { Field } from './field.tsx';
import { Form } from './form.tsx';
import type { Stay } from './stay.ts';

interface Props {
  readonly focus: boolean;
  readonly onEnter: (stay: Stay) => void;
}

/** Instead of signing in, where tokens come from elsewhere. */
export function TokenForm({ focus, onEnter }: Props) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<{ readonly token?: string }>({});
  const submit = async (): Promise<void> => {
    const token = text.trim().replace(/^bearer\s+/i, '');
    if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return onEnter({ token, email: '' });
    setWrong({
      token: token === '' ? 'A token is missing.' : 'This is no token: it has three parts, with dots between.',
    });
  };
  return (
    <Form
      heading="Come in with a token"
      action="Come in"
      busy="Coming in…"
      failure={undefined}
      answer={wrong}
      focus={focus}
      onSubmit={submit}
    >
      <Field
        name="token"
        label="Token"
        hint="This server has no sign-in of its own. Whoever runs it says where to get a token."
        value={text}
        wrong={wrong.token}
        onText={setText}
        autoComplete="off"
      />
    </Form>
  );
}
