import { useState } from 'preact/hooks';
import { Field } from './field.tsx';
import { Form } from './form.tsx';
import type { Stay } from './stay.ts';

interface Props {
  readonly focus: boolean;
  readonly onEnter: (stay: Stay) => void;
}

/** Replaces the sign-in form if an external issuer makes the tokens. */
export function TokenForm({ focus, onEnter }: Props) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<{ readonly token?: string }>({});
  const submit = async (): Promise<void> => {
    const token = text.trim().replace(/^bearer\s+/i, '');
    if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return onEnter({ token, email: '' });
    setWrong({
      token: token === '' ? 'Enter a token.' : 'This is not a token. A token has three parts, separated by dots.',
    });
  };
  return (
    <Form
      heading="Sign in with a token"
      action="Sign in"
      busy="Signing in…"
      failure={undefined}
      answer={wrong}
      focus={focus}
      onSubmit={submit}
    >
      <Field
        name="token"
        label="Token"
        hint="This server has no accounts of its own. Its operator can tell you where to get a token."
        value={text}
        wrong={wrong.token}
        onText={setText}
        autoComplete="off"
      />
    </Form>
  );
}
