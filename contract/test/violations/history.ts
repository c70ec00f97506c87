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
/** Longer than a case is patient. */
const lateMs = 60_000;

export const history: readonly Violation[] = [
  {
    name: 'history-late',
    breaks: 'what was said is in the history a minute later',
    caughtBy: 'rule.history.soon',
    plant: onPage((messages) => messages.filter(({ sent_at = '' }) => Date.parse(sent_at) < Date.now() - lateMs)),
  },
  {
    name: 'limit-ignored',
    breaks: 'a page is as long as it likes',
    caughtBy: 'rule.history.limit',
    plant: withoutQuery('limit'),
  },
  {
    name: 'gaps-unbounded',
    breaks: 'a page has more gaps than it was asked for messages',
    caughtBy: 'rule.history.limit',
    plant: onAnswer('GET', '/messages', 200, (response) =>
      withJson(response, (page) => ({ ...page, gaps: Array.from({ length: 51 }, (_, n) => `~${n}`) })),
    ),
  },
  {
    name: 'before-ignored',
    breaks: 'every page is the newest',
    caughtBy: 'rule.history.pages',
    plant: withoutQuery('before'),
  },
  {
    name: 'page-repeats',
    breaks: 'the last message of a page is the first of the one behind it once more',
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
    breaks: 'where a page ends a message is lost',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages, { target }) => (target.includes('before=') ? messages.slice(0, -1) : messages)),
  },
  {
    name: 'page-reversed',
    breaks: 'the newest message of a page comes first',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages) => messages.toReversed()),
  },
  {
    name: 'page-changes',
    breaks: 'messages are in the history without their nonce',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages) => messages.map((message) => ({ ...message, msg: without(message.msg, 'nonce') }))),
  },
  {
    name: 'page-limit-is-of-attempts',
    breaks: 'who asks for too many pages is told of too many attempts',
    caughtBy: 'rule.limit.pages',
    plant: onAnswer('GET', '/messages', 429, () => problem(429, 'too_many_attempts', 'Too many attempts')),
  },
  {
    name: 'parameter-unchecked',
    breaks: 'a page of more than may be asked for is answered 200',
    caughtBy: 'http.listMessages.parameter.limit.maximum',
    plant: invalidParameter((_, { target }) => (/limit=\d+/.test(target) ? emptyPage : undefined)),
  },
  {
    name: 'parameter-not-a-number',
    breaks: 'a limit that is no number is ignored',
    caughtBy: 'http.listMessages.parameter.limit.type',
    plant: invalidParameter((_, { target }) => (/limit=[a-z]/.test(target) ? emptyPage : undefined)),
  },
  {
    name: 'parameter-pointer-elsewhere',
    breaks: 'what is wrong with a parameter is told of another one',
    caughtBy: 'http.listMessages.parameter.before.maxLength',
    plant: invalidParameter((response) => ({ ...response, body: response.body.replace('/before', '/limit') })),
  },
  {
    name: 'parameter-bound-too-low',
    breaks: 'a page as large as may be asked for is refused',
    caughtBy: 'http.listMessages.parameter.limit.maximum.just',
    plant: onAsk('/messages', (request) => ({ ...request, target: request.target.replace('limit=100', 'limit=101') })),
  },
  {
    name: 'last-event-id-unchecked',
    breaks: 'an id that no frame can have is ignored at the door',
    caughtBy: 'http.join.parameter.last_event_id.maxLength',
    plant: onAsk('/join', (request) => ({
      ...request,
      target: request.target.replace(/\?last_event_id=[^&]{65,}/, ''),
    })),
  },
  {
    name: 'anybody-disabled',
    breaks: 'a user with an id that nobody can have is disabled',
    caughtBy: 'http.disableUser.parameter.id.maxLength',
    plant: () => ({
      answer: (response, request) =>
        pathOf(request).endsWith('/disable') && response.body.includes('invalid_parameter') ? done : undefined,
    }),
  },
];
