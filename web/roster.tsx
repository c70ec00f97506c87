import { useSyncExternalStore } from 'preact/compat';

const wideEnough = matchMedia('(min-width: 48rem)');

const onWidth = (listener: () => void): (() => void) => {
  wideEnough.addEventListener('change', listener);
  return () => wideEnough.removeEventListener('change', listener);
};

interface Props {
  readonly roster: readonly string[];
  readonly me: string | undefined;
}

/** Shows the online users: beside the messages or, on a phone, folded above them. */
export function Roster({ roster, me }: Props) {
  const isWide = useSyncExternalStore(onWidth, () => wideEnough.matches);
  const title = `Online (${roster.length})`;
  const names = (
    // biome-ignore lint/a11y/noRedundantRoles: Safari does not treat a list without bullets as a list
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll it
    <ul role="list" aria-label="Names" tabIndex={0}>
      {roster.map((name) => (
        <li key={name}>
          <bdi>{name}</bdi>
          {name === me && ' (you)'}
        </li>
      ))}
    </ul>
  );
  return (
    <aside class="roster" aria-label="Online users">
      {isWide ? (
        <>
          <h2>{title}</h2>
          {names}
        </>
      ) : (
        <details>
          <summary>{title}</summary>
          {names}
        </details>
      )}
    </aside>
  );
}
