import type { TextareaHTMLAttributes } from 'preact';

interface Props extends Pick<TextareaHTMLAttributes<HTMLTextAreaElement>, 'autoComplete' | 'inputMode' | 'value'> {
  readonly name: string;
  readonly label: string;
  readonly isSecret?: boolean;
  readonly hint?: string | undefined;
  /** Fault of the value, as a sentence. */
  readonly wrong?: string | undefined;
  readonly onText: (text: string) => void;
}

/** Labelled input. Screen readers announce its hint and its fault with it. */
export function Field({ name, label, isSecret = false, hint, wrong, onText, ...rest }: Props) {
  const [hintId, wrongId] = [`${name}-hint`, `${name}-wrong`];
  const input = {
    ...rest,
    id: name,
    name,
    required: true,
    autoCapitalize: 'none',
    spellcheck: false,
    'aria-invalid': wrong !== undefined,
    'aria-describedby': [wrong && wrongId, hint && hintId].filter(Boolean).join(' ') || undefined,
    onInput: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => onText(currentTarget.value),
  } as const;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {isSecret ? <input {...input} type="password" /> : <input {...input} />}
      {wrong && (
        <p class="wrong" id={wrongId}>
          {wrong}
        </p>
      )}
      {hint && (
        <p class="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  );
}
