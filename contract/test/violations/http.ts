import type { Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import { json, onAnswer, onAsk, problem, type Violation, withHeader, withJson } from './violation.ts';

/** Changes the responses with this status, to any operation or none. */
const anywhere =
  (status: number, change: (response: Response) => Response): (() => Switch) =>
  () => ({
    answer: (response) => (response.status === status ? change(response) : undefined),
  });

export const http: readonly Violation[] = [
  {
    name: 'problem-as-json',
    breaks: 'sends problems as application/json',
    caughtBy: 'http.unmatched.media-type',
    plant: anywhere(404, (response) => withHeader(response, 'Content-Type', 'application/json')),
  },
  {
    name: 'problem-code-undeclared',
    breaks: 'sends a problem with an undeclared code',
    caughtBy: 'http.createUser.undeclared',
    plant: anywhere(415, (response) => withJson(response, (body) => ({ ...body, code: 'wrong_type' }))),
  },
  {
    name: 'problem-of-another-status',
    breaks: "sends a problem whose status is not the response's",
    caughtBy: 'rule.problem-status',
    plant: anywhere(413, (response) => withJson(response, (body) => ({ ...body, status: 400 }))),
  },
  {
    name: 'method-is-not-found',
    breaks: 'answers another method of a path with 404',
    caughtBy: 'http.createUser.methods',
    plant: anywhere(405, () => problem(404, 'not_found', 'Not found')),
  },
  {
    name: 'method-not-told',
    breaks: 'answers another method of a path without Allow',
    caughtBy: 'http.login.methods',
    plant: anywhere(405, (response) => withHeader(response, 'Allow', undefined)),
  },
  {
    name: 'path-unknown-found',
    breaks: 'answers an unknown path with 200',
    caughtBy: 'http.unmatched.paths',
    plant: anywhere(404, () => json(200, {})),
  },
  {
    name: 'garbage-in-plain-text',
    breaks: 'answers bytes that are not HTTP in plain text',
    caughtBy: 'http.createUser.media-type',
    plant: anywhere(400, (response) =>
      response.body.includes('malformed_request')
        ? { ...withHeader(response, 'Content-Type', 'text/plain'), body: 'Bad Request' }
        : response,
    ),
  },
  {
    name: 'health-in-other-words',
    breaks: 'reports health in an undeclared word',
    caughtBy: 'http.healthz.200',
    plant: onAnswer('GET', '/healthz', 200, (response) => ({ ...response, body: '{"status":"OK"}' })),
  },
  {
    name: 'yaml-as-text',
    breaks: 'serves a document under an undeclared media type',
    caughtBy: 'http.asyncapiYaml.media-type',
    plant: onAnswer('GET', '/asyncapi.yaml', 200, (response) => withHeader(response, 'Content-Type', 'text/plain')),
  },
  {
    name: 'etag-ignored',
    breaks: 'sends a document again to a client that has it',
    caughtBy: 'http.openapiJson.conditional',
    plant: onAsk('/openapi.json', (request) => withHeader(request, 'If-None-Match', undefined)),
  },
  {
    name: 'etag-forgotten',
    breaks: 'answers 304 without an ETag',
    caughtBy: 'http.openapiJson.headers',
    plant: onAnswer('GET', '/openapi.json', 304, (response) => withHeader(response, 'ETag', undefined)),
  },
  {
    name: 'problem-with-stack',
    breaks: 'tells in a problem where in the code it arose',
    caughtBy: 'http.createUser.415.unsupported_media_type',
    plant: anywhere(415, (response) => withJson(response, (body) => ({ ...body, stack: 'at users.ts:1:1' }))),
  },
];
