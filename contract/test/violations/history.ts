import type { Message } from '../proxy/frames.ts';
import type { Request, Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import {
  type Change,
  done,
  json,
  onAnswer,
  onAsk,
  pathOf,
  problem,
  type Violation,
  withJson,
  without,
} from './violation.ts';

interface Page {
  readonly messages: readonly Message[];
}
const onPage = (change: (messages: readonly Message[], request: Request) => readonly Message[]): (() => Switch) =>
  onAnswer('GET', '/messages', 200, (response, request) =>
    withJson(response, (page) => ({ ...page, messages: change((page as unknown as Page).messages, request) })),
  );
const withoutQuery = (name: string): (() => Switch) =>
  onAsk('/messages', (request) => ({
    ...request,
    target: request.target.replace(new RegExp(`([?&])${name}=[^&]*&?`), '$1'),
  }));
const invalidParameter = (change: Change): (() => Switch) =>
  onAnswer('GET', '/messages', 400, (response, request) =>
    response.body.includes('invalid_parameter') ? change(response, request) : undefined,
  );
const emptyPage: Response = json(200, { messages: [], gaps: [] });
/** Longer than a case waits. */
const lateMs = 60_000;

export const history: readonly Violation[] = [
  {
    name: 'history-late',
    breaks: 'stores a message in the history a minute late',
    caughtBy: 'rule.history.soon',
    plant: onPage((messages) => messages.filter(({ sent_at = '' }) => Date.parse(sent_at) < Date.now() - lateMs)),
  },
  {
    name: 'limit-ignored',
    breaks: 'ignores the limit of a page',
    caughtBy: 'rule.history.limit',
    plant: withoutQuery('limit'),
  },
  {
    name: 'gaps-unbounded',
    breaks: 'sends more gaps in a page than its limit',
    caughtBy: 'rule.history.limit',
    plant: onAnswer('GET', '/messages', 200, (response) =>
      withJson(response, (page) => ({ ...page, gaps: Array.from({ length: 51 }, (_, n) => `~${n}`) })),
    ),
  },
  {
    name: 'before-ignored',
    breaks: 'sends the newest page for every before',
    caughtBy: 'rule.history.pages',
    plant: withoutQuery('before'),
  },
  {
    name: 'page-repeats',
    breaks: 'repeats the last message of a page on the next',
    caughtBy: 'rule.history.pages',
    plant: () => {
      let first: Message | undefined;
      return onPage((messages, { target }) => {
        const repeated = target.includes('before=') && first ? [...messages, first] : messages;
        first = messages[0];
        return repeated;
      })();
    },
  },
  {
    name: 'page-loses',
    breaks: 'omits a message between two pages',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages, { target }) => (target.includes('before=') ? messages.slice(0, -1) : messages)),
  },
  {
    name: 'page-reversed',
    breaks: 'sends the newest message of a page first',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages) => messages.toReversed()),
  },
  {
    name: 'page-changes',
    breaks: 'stores messages without their nonce',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages) => messages.map((message) => ({ ...message, msg: without(message.msg, 'nonce') }))),
  },
  {
    name: 'page-limit-is-of-attempts',
    breaks: 'reports too many pages as too many attempts',
    caughtBy: 'rule.limit.pages',
    plant: onAnswer('GET', '/messages', 429, () => problem(429, 'too_many_attempts', 'Too many attempts')),
  },
  {
    name: 'parameter-unchecked',
    breaks: 'accepts a page limit above the maximum',
    caughtBy: 'http.listMessages.parameter.limit.maximum',
    plant: invalidParameter((_, { target }) => (/limit=\d+/.test(target) ? emptyPage : undefined)),
  },
  {
    name: 'parameter-not-a-number',
    breaks: 'ignores a limit that is not a number',
    caughtBy: 'http.listMessages.parameter.limit.type',
    plant: invalidParameter((_, { target }) => (/limit=[a-z]/.test(target) ? emptyPage : undefined)),
  },
  {
    name: 'parameter-pointer-elsewhere',
    breaks: 'points to another parameter than the invalid one',
    caughtBy: 'http.listMessages.parameter.before.maxLength',
    plant: invalidParameter((response) => ({ ...response, body: response.body.replace('/before', '/limit') })),
  },
  {
    name: 'parameter-bound-too-low',
    breaks: 'refuses a page of the largest allowed limit',
    caughtBy: 'http.listMessages.parameter.limit.maximum.just',
    plant: onAsk('/messages', (request) => ({ ...request, target: request.target.replace('limit=100', 'limit=101') })),
  },
  {
    name: 'last-event-id-unchecked',
    breaks: 'ignores an impossible last_event_id',
    caughtBy: 'http.join.parameter.last_event_id.maxLength',
    plant: onAsk('/join', (request) => ({
      ...request,
      target: request.target.replace(/\?last_event_id=[^&]{65,}/, ''),
    })),
  },
  {
    name: 'anybody-disabled',
    breaks: 'disables a user with an impossible id',
    caughtBy: 'http.disableUser.parameter.id.maxLength',
    plant: () => ({
      answer: (response, request) =>
        pathOf(request).endsWith('/disable') && response.body.includes('invalid_parameter') ? done : undefined,
    }),
  },
];
