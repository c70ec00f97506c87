import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface Props {
  readonly heading: string;
  readonly action: string;
  /** Text of the button while the form is being submitted. */
  readonly busy: string;
  /** Fault of the whole form. */
  readonly failure: string | undefined;
  /** Changes with every answer. Then the first field with a fault gets the focus. */
  readonly answer: unknown;
  /** Whether the first empty field gets the focus when the form appears. */
  readonly focus: boolean;
  readonly onSubmit: () => Promise<void>;
  readonly children: ComponentChildren;
}

export function Form({ heading, action, busy, failure, answer, focus, onSubmit, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);

  useEffect(() => {
    if (!focus) return;
    const inputs = [...form.current!.querySelectorAll('input')];
    (inputs.find(({ value }) => value === '') ?? inputs[0])?.focus();
  }, [focus]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the value changes, and does not read it
  useEffect(() => {
    form.current!.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [answer]);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    await onSubmit().finally(() => setBusy(false));
  };
  return (
    <form ref={form} noValidate aria-labelledby="heading" onSubmit={submit}>
      <h2 id="heading">{heading}</h2>
      {children}
      <p class="failure" role="alert">
        {failure}
      </p>
      {/* Not `disabled`, which would take the focus away. */}
      <button type="submit" class="main" aria-disabled={isBusy}>
        {isBusy ? busy : action}
      </button>
    </form>
  );
}
