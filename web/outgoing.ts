import { useRef, useState } from 'preact/hooks';
import { unsentInWords } from './words.ts';

/** Something said that has not come back yet, or never will. */
export interface Outgoing {
  readonly key: number;
  readonly text: string;
  /** Why it was not sent; undefined as long as it may still come back. */
  readonly why?: string;
}

export function useOutgoing(send: (text: string) => Promise<unknown>) {
  const [items, setItems] = useState<readonly Outgoing[]>([]);
  const count = useRef(0);
  const discard = (key: number): void => setItems((all) => all.filter((item) => item.key !== key));
  const say = (text: string): void => {
    count.current += 1;
    const key = count.current;
    setItems((all) => [...all, { key, text }]);
    send(text).then(
      () => discard(key),
      (error) =>
        setItems((all) => all.map((item) => (item.key === key ? { ...item, why: unsentInWords(error) } : item))),
    );
  };
  const again = ({ key, text }: Outgoing): void => {
    discard(key);
    say(text);
  };
  return { items, say, again, discard };
}
