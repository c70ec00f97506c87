/** The stream of a room beside a plain model of it, and a backplane that is far away. */
import type fc from 'fast-check';
import type {
  Backplane,
  Draft,
  Envelope,
  Member,
  MessageEnvelope,
  OrderedFrame,
} from '../../src/backplane/backplane.ts';

/** Two pairs of names collide. */
export const names = ['Ann', 'ANN', 'Bob', 'Ｂob', 'Cleo'];
const keyOf: Record<string, string> = { Ann: 'ann', ANN: 'ann', Bob: 'bob', Ｂob: 'bob', Cleo: 'cleo' };

/** Records the stream, beside a plain model of it. */
export function record(inner: Backplane) {
  const total: Envelope[] = [];
  const expected: OrderedFrame[] = [];
  const seated: { readonly userId: string; readonly shown: string }[] = [];
  const admissions = new Map<Member, { readonly first: boolean; readonly shown: string }>();
  /** First message of each user and nonce, of both doors. */
  const named = new Map<string, MessageEnvelope['frame']>();
  const faults: string[] = [];

  const collides = ({ id, username }: Member): boolean =>
    !seated.some(({ userId }) => userId === id) && seated.some(({ shown }) => keyOf[shown] === keyOf[username]);
  const shownAs = ({ id, username }: Member): string => seated.find(({ userId }) => userId === id)?.shown ?? username;
  const firstOf = ({ id }: Member, { nonce }: Draft): MessageEnvelope['frame'] | undefined =>
    nonce === undefined ? undefined : named.get(`${id} ${nonce}`);

  function expectMessage(member: Member, { text, nonce }: Draft): MessageEnvelope['frame'] {
    const from = { from_user: shownAs(member), from_user_id: member.id };
    const frame = { type: 'chat_message', msg: { ...from, text, ...(nonce !== undefined && { nonce }) } } as const;
    expected.push(frame);
    if (nonce !== undefined) named.set(`${member.id} ${nonce}`, frame);
    return frame;
  }

  function compare(given: unknown, wanted: unknown): void {
    const [one, other] = [given, wanted].map((value) => JSON.stringify(value));
    if (one !== other) faults.push(`a draft was answered ${one}, not ${other}`);
  }

  const backplane: Backplane = {
    ...inner,
    start: (listener) =>
      inner.start({
        ...listener,
        deliver: (envelope) => {
          total.push(envelope);
          listener.deliver(envelope);
        },
      }),
    async admit(member, since) {
      const isKnown = seated.some(({ userId }) => userId === member.id);
      const isRefused = collides(member);
      const session = { userId: member.id, shown: shownAs(member) };
      if (!isRefused) seated.push(session);
      const shown = { username: session.shown, user_id: member.id };
      if (!isRefused && !isKnown) expected.push({ type: 'user_joined', msg: shown });
      const admission = await inner.admit(member, since);
      if ('refusal' in admission !== isRefused) faults.push(`admitted or refused wrongly: ${JSON.stringify(member)}`);
      if ('refusal' in admission) return admission;
      admissions.set(member, { first: !isKnown, shown: session.shown });
      const { seat } = admission;
      return {
        seat: {
          ...seat,
          async publish(draft) {
            const isSeated = seated.includes(session);
            const first = firstOf(member, draft);
            if (isSeated && !first) expectMessage(member, draft);
            const answer = await seat.publish(draft);
            const wanted = !isSeated ? 'refused' : (first ?? 'accepted');
            compare(typeof answer === 'object' ? answer.repeats.frame : answer, wanted);
            return answer;
          },
          release(how) {
            const at = seated.indexOf(session);
            if (at >= 0) seated.splice(at, 1);
            if (at >= 0 && !seated.some(({ userId }) => userId === member.id)) {
              expected.push({ type: 'user_left', msg: shown });
            }
            return seat.release(how);
          },
        },
      };
    },
    async publish(member, draft) {
      const first = firstOf(member, draft);
      const wanted = first ?? (collides(member) ? 'name_in_use' : expectMessage(member, draft));
      const posted = await inner.publish(member, draft);
      if ('refusal' in posted) compare(posted.refusal, wanted);
      else compare('repeats' in posted ? posted.repeats.frame : posted.published.frame, wanted);
      if ('repeats' in posted !== (first !== undefined)) faults.push(`not a repeat, or one: ${draft.nonce}`);
      return posted;
    },
  };
  return { backplane, total, expected, admissions, faults };
}

/** Returns a remote backplane: requests and deliveries each keep their order, answers arrive at any time. */
export function delay(inner: Backplane, scheduler: fc.Scheduler): Backplane {
  const line = () => {
    const tasks: (() => void)[] = [];
    return (task: () => void): void => {
      tasks.push(task);
      void scheduler.schedule(Promise.resolve()).then(() => tasks.shift()?.());
    };
  };
  const [request, delivery] = [line(), line()];
  const ask = async <Reply>(question: () => Promise<Reply>): Promise<Reply> => {
    const reply = await new Promise<Reply>((resolve) => request(() => resolve(question())));
    return scheduler.schedule(Promise.resolve(reply));
  };
  return {
    ...inner,
    start: (listener) =>
      inner.start({ ...listener, deliver: (envelope) => delivery(() => listener.deliver(envelope)) }),
    admit: (member, since) =>
      ask(async () => {
        const admission = await inner.admit(member, since);
        if ('refusal' in admission) return admission;
        const { seat } = admission;
        const publish: typeof seat.publish = (draft) => ask(() => seat.publish(draft));
        return { seat: { ...seat, publish, release: (how) => ask(() => seat.release(how)) } };
      }),
    publish: (member, draft) =>
      ask(async () => {
        const posted = await inner.publish(member, draft);
        // The answer comes behind the envelope.
        if (!('refusal' in posted)) await new Promise<void>((resolve) => delivery(resolve));
        return posted;
      }),
  };
}
