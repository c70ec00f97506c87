import { limits, type Palaver, PalaverError } from '@palaver/sdk';
import { useState } from 'preact/hooks';
import { Field } from './field.tsx';
import { Form } from './form.tsx';
import { lengthOf } from './length.ts';
import type { Stay } from './stay.ts';
import { errorInWords } from './words.ts';

const labels = { username: 'Name', email: 'E-mail', password: 'Password' } as const;
type Name = keyof typeof labels;
const names = Object.keys(labels) as Name[];
type Wrong = Partial<Record<Name, string>>;

/** Returns a fault of the length, by the server's own bounds. */
function lengthFault(name: Name, text: string): string | undefined {
  const { min, max } = limits[name];
  const length = lengthOf(text);
  if (length === 0) return `${labels[name]} is missing.`;
  if (length < min) return `${labels[name]} must have at least ${min} characters.`;
  return length > max ? `${labels[name]} must have at most ${max} characters; this one has ${length}.` : undefined;
}

/** Returns the faults that an error names, by field. */
function faultsIn(error: unknown): Wrong {
  if (!(error instanceof PalaverError)) return {};
  if (error.code === 'email_taken') return { email: errorInWords(error) };
  if (error.code === 'username_taken') return { username: errorInWords(error) };
  const faults = (error.problem?.errors ?? []).map(({ pointer, detail }) => [pointer.slice(1), detail] as const);
  return Object.fromEntries(
    names.flatMap((name) => {
      const detail = faults.find(([at]) => at === name)?.[1];
      return detail === undefined ? [] : [[name, `${labels[name]} ${detail}.`]];
    }),
  );
}

interface Props {
  readonly palaver: Palaver;
  /** Whether the server has sign-up. */
  readonly hasSignUp: boolean;
  readonly email: string;
  readonly focus: boolean;
  readonly onEnter: (stay: Stay) => void;
}

export function SignIn({ palaver, hasSignUp, email, focus, onEnter }: Props) {
  const [isNew, setNew] = useState<boolean>();
  const [texts, setTexts] = useState({ username: '', email, password: '' });
  const [wrong, setWrong] = useState<Wrong>({});
  const [failure, setFailure] = useState<string>();
  const { username, password } = texts;
  const address = texts.email.trim();

  const turn = (to: boolean): void => {
    setNew(to);
    setWrong({});
    setFailure(undefined);
  };
  const submit = async (): Promise<void> => {
    setFailure(undefined);
    const given = { username: username.trim(), email: address, password };
    const asked = isNew ? names : names.filter((name) => name !== 'username');
    const faults = asked
      .map((name) => [name, isNew || given[name] === '' ? lengthFault(name, given[name]) : undefined] as const)
      .filter(([, fault]) => fault);
    setWrong(Object.fromEntries(faults));
    if (faults.length > 0) return;
    let isMade = false;
    try {
      if (isNew) await palaver.createUser(given);
      isMade = isNew === true;
      const { token } = await palaver.login({ email: address, password });
      onEnter({ token, email: address });
    } catch (error) {
      if (isMade) turn(false);
      const found = faultsIn(error);
      setWrong(found);
      if (isMade) setFailure(`Your account was created, but signing in failed. ${errorInWords(error)}`);
      else if (Object.keys(found).length === 0) setFailure(errorInWords(error));
    }
  };
  const field = (name: Name) => ({
    name,
    label: labels[name],
    value: texts[name],
    wrong: wrong[name],
    onText: (text: string) => setTexts((before) => ({ ...before, [name]: text })),
  });

  return (
    <>
      <Form
        key={String(isNew)}
        heading={isNew ? 'Sign up' : 'Sign in'}
        action={isNew ? 'Sign up' : 'Sign in'}
        busy={isNew ? 'Signing up…' : 'Signing in…'}
        failure={failure}
        answer={wrong}
        focus={focus || isNew !== undefined}
        onSubmit={submit}
      >
        {isNew && (
          <Field
            {...field('username')}
            autoComplete="nickname"
            hint={`Others see this name. Up to ${limits.username.max} characters.`}
          />
        )}
        {/* Not type="email", because browsers rewrite its value. */}
        <Field {...field('email')} inputMode="email" autoComplete={isNew ? 'email' : 'username'} />
        <Field
          {...field('password')}
          isSecret
          autoComplete={isNew ? 'new-password' : 'current-password'}
          hint={isNew ? `At least ${limits.password.min} characters.` : undefined}
        />
      </Form>
      {hasSignUp && (
        <p class="aside">
          {isNew ? 'Already have an account? ' : 'New here? '}
          <button type="button" class="link" onClick={() => turn(!isNew)}>
            {isNew ? 'Sign in' : 'Sign up'}
          </button>
        </p>
      )}
    </>
  );
}
