/**
 * What Redis decides: each change of the room is one script, so that all nodes see one order of them. Everything lies
 * in one hash slot, below the name of the room (KEYS[1]):
 *
 * - `state`: `run` (of the Redis process), `epoch`, `offset`, `time`, `ticked`, `stored`, `guarded`
 * - `log`: the stream of all that happened, by `epoch-offset`
 * - `nodes`: node → its key, which a node gets anew with each connection; `leases`: node by the end of its lease
 * - `sessions`: `node/serial/user`, in lexical order; `counts`: user → sessions
 * - `names`, `folds`: user → name, folded name; `holders`: folded name → user; `roster`: user by the offset of its join
 * - `leaving`: user without a session, by the time at which it is removed
 * - `nonce:…`: where in the log a user said something under a nonce
 *
 * ARGV begins with the caller's epoch, node and key, except in `greet`.
 *
 * Redis may lose single keys of these: it evicts them, or somebody deletes them. Then what is left contradicts itself, and
 * the room begins anew. `sessions`, `leases` and `leaving` may be empty: each has a member that is always there, an empty
 * text, from when `guarded` is the epoch. Nodes of version 0.1 neither write it nor are disturbed by it.
 */

import { nonceWindowMs } from '../nonces.ts';

/** Entries of the stream that are kept at least: a node that attaches reads them all. */
export const maxLogged = 10_000;
/** Sessions or users that one script removes: Redis serves nobody else meanwhile. */
const bite = 200;
/** How far the time of the room may be ahead of the clock: the clock was wrong, and was set right. */
const maxAheadMs = 60_000;

const prelude = `
local room = KEYS[1]
local function key(name) return room .. ':' .. name end
local state, log = key('state'), key('log')
local function whole(number) return string.format('%.0f', number) end
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function now()
  local ms = math.max(clock(), tonumber(redis.call('HGET', state, 'time') or '0'))
  redis.call('HSET', state, 'time', whole(ms))
  return ms
end
local function order(...)
  local offset, ms = whole(redis.call('HINCRBY', state, 'offset', 1)), whole(now())
  redis.call('XADD', log, 'MAXLEN', '~', '${maxLogged}', redis.call('HGET', state, 'epoch') .. '-' .. offset, 't', ms, ...)
  return offset
end
local function isCaller()
  return redis.call('HGET', state, 'epoch') == ARGV[1] and redis.call('HGET', key('nodes'), ARGV[2]) == ARGV[3]
end
local function isMiscounted()
  local seated, away = 0, 0
  for _, count in ipairs(redis.call('HVALS', key('counts'))) do
    if count == '0' then away = away + 1 else seated = seated + tonumber(count) end
  end
  return redis.call('ZCARD', key('sessions')) ~= seated + 1 or redis.call('ZCARD', key('leaving')) ~= away + 1
end
local function isDamaged(most)
  local users, offset = redis.call('HLEN', key('names')), tonumber(redis.call('HGET', state, 'offset') or '-1')
  for _, name in ipairs({'folds', 'holders', 'counts'}) do
    if redis.call('HLEN', key(name)) ~= users then return true end
  end
  if redis.call('ZCARD', key('roster')) ~= users then return true end
  if offset < 0 or redis.call('XLEN', log) < math.min(offset, ${maxLogged}) then return true end
  if tonumber(redis.call('HGET', state, 'time') or '0') - clock() > ${maxAheadMs} then return true end
  if redis.call('HGET', state, 'guarded') ~= redis.call('HGET', state, 'epoch') then return false end
  for _, name in ipairs({'sessions', 'leases', 'leaving'}) do
    if not redis.call('ZSCORE', key(name), '') then return true end
  end
  return users <= most and isMiscounted()
end
local function removeUser(user)
  local name, fold = redis.call('HGET', key('names'), user), redis.call('HGET', key('folds'), user)
  redis.call('ZREM', key('leaving'), user)
  redis.call('ZREM', key('roster'), user)
  redis.call('HDEL', key('names'), user)
  redis.call('HDEL', key('folds'), user)
  redis.call('HDEL', key('counts'), user)
  redis.call('HDEL', key('holders'), fold)
  order('k', 'left', 'n', name)
end
local function leave(session, graceMs)
  local user = string.match(session, '^[^/]*/[^/]*/(.*)$')
  if redis.call('ZREM', key('sessions'), session) == 0 then return end
  if redis.call('HINCRBY', key('counts'), user, -1) > 0 then return end
  if graceMs == 0 then removeUser(user)
  else redis.call('ZADD', key('leaving'), whole(now() + graceMs), user) end
end
local function sessionsOf(node, ...)
  return redis.call('ZRANGEBYLEX', key('sessions'), '[' .. node .. '/', '(' .. node .. '0', ...)
end
local function refusalOf(user, fold, most)
  if redis.call('HEXISTS', key('names'), user) == 0 then
    if redis.call('HEXISTS', key('holders'), fold) == 1 then return 'name_in_use' end
  elseif tonumber(redis.call('HGET', key('counts'), user)) >= most then return 'too_many_sessions' end
end
`;

/**
 * A node attaches: node, its key, run of the Redis process, the least epoch, lease. Another life of the process is
 * another epoch, whether its data survived or not: what it took last may be lost, and an id is never given twice. So is a
 * room that has lost a part of its state. Times begin at the clock, ids after all that were given.
 * Answers: epoch, offset, time, whether the node was there before, stored, the roster, the node's sessions.
 */
const greet = `
local node, nodeKey, run, least, leaseMs = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local epoch = tonumber(redis.call('HGET', state, 'epoch') or '-1')
local known = redis.call('HEXISTS', key('nodes'), node)
if epoch < least or redis.call('HGET', state, 'run') ~= run or isDamaged(math.huge) then
  for _, name in ipairs({'nodes', 'leases', 'sessions', 'counts', 'names', 'folds', 'holders', 'roster', 'leaving'}) do
    redis.call('DEL', key(name))
  end
  epoch = math.max(clock(), epoch + 1, least + 1)
  redis.call('HSET', state, 'run', run, 'epoch', whole(epoch), 'offset', '0', 'time', whole(clock()))
  known = 0
end
local ms = now()
redis.call('HSET', key('nodes'), node, nodeKey)
redis.call('ZADD', key('leases'), whole(ms + leaseMs), node)
if redis.call('HGET', state, 'guarded') ~= whole(epoch) then
  redis.call('ZADD', key('sessions'), 0, '')
  redis.call('ZADD', key('leases'), '+inf', '')
  redis.call('ZADD', key('leaving'), '+inf', '')
  redis.call('HSET', state, 'guarded', whole(epoch))
end
local roster = {}
for at, user in ipairs(redis.call('ZRANGE', key('roster'), 0, -1)) do
  roster[at] = redis.call('HGET', key('names'), user)
end
local offset = redis.call('HGET', state, 'offset')
return {whole(epoch), offset, whole(ms), known, redis.call('HGET', state, 'stored') or '', roster, sessionsOf(node)}
`;

/**
 * A node still lives: lease, grace, the last id that it knows to be stored. It also does what is due for others: where
 * nobody has ticked for a lease, nobody is late. Answers whether there is more to do, or `lapsed`: also where the room has
 * lost a part of its state, and must begin anew.
 */
const tick = `
if not isCaller() then return 'lapsed' end
if isDamaged(${bite}) then
  redis.call('HDEL', state, 'run')
  return 'lapsed'
end
local leaseMs, graceMs = tonumber(ARGV[4]), tonumber(ARGV[5])
local ms = now()
local ticked = tonumber(redis.call('HGET', state, 'ticked') or whole(ms))
redis.call('HSET', state, 'ticked', whole(ms))
if (redis.call('HGET', state, 'stored') or '') < ARGV[6] then redis.call('HSET', state, 'stored', ARGV[6]) end
if ms - ticked > leaseMs then
  for _, node in ipairs(redis.call('ZRANGE', key('leases'), 0, -1)) do
    redis.call('ZADD', key('leases'), 'GT', whole(ms + leaseMs), node)
  end
  for _, user in ipairs(redis.call('ZRANGE', key('leaving'), 0, -1)) do
    redis.call('ZADD', key('leaving'), 'GT', whole(ms + graceMs), user)
  end
end
redis.call('ZADD', key('leases'), whole(ms + leaseMs), ARGV[2])
local dead = redis.call('ZRANGEBYSCORE', key('leases'), '-inf', whole(ms), 'LIMIT', 0, 1)[1]
local more = 'no'
if dead then
  redis.call('HDEL', key('nodes'), dead)
  local sessions = sessionsOf(dead, 'LIMIT', 0, ${bite})
  for _, session in ipairs(sessions) do leave(session, graceMs) end
  if #sessions < ${bite} then redis.call('ZREM', key('leases'), dead) end
  more = 'more'
end
local due = redis.call('ZRANGEBYSCORE', key('leaving'), '-inf', whole(ms), 'LIMIT', 0, ${bite})
for _, user in ipairs(due) do removeUser(user) end
if #due == ${bite} then more = 'more' end
return more
`;

/** A session comes in: session, user, name, folded name, most sessions. Answers: seated, offset, name; or a refusal. */
const enter = `
if not isCaller() then return {'unavailable'} end
local session, user, name, fold = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local refusal = refusalOf(user, fold, tonumber(ARGV[8]))
if refusal then return {refusal} end
redis.call('ZADD', key('sessions'), 0, session)
redis.call('ZREM', key('leaving'), user)
local known = redis.call('HGET', key('names'), user)
if redis.call('HINCRBY', key('counts'), user, 1) > 1 or known then
  return {'seated', redis.call('HGET', state, 'offset'), known}
end
redis.call('HSET', key('names'), user, name)
redis.call('HSET', key('folds'), user, fold)
redis.call('HSET', key('holders'), fold, user)
local offset = order('k', 'joined', 'n', name, 's', session)
redis.call('ZADD', key('roster'), offset, user)
return {'seated', offset, name}
`;

/** How a session would be refused: user, folded name, most sessions. */
const refuse = `
if not isCaller() then return 'unavailable' end
return refusalOf(ARGV[4], ARGV[5], tonumber(ARGV[6])) or ''
`;

/** A session goes: session, grace. */
const leave = `
if isCaller() then leave(ARGV[4], tonumber(ARGV[5])) end
return ''
`;

/** A session says something: session, user, nonce or nothing, message. Answers accepted and its offset, refused, or what it repeats. */
const publish = `
if not isCaller() or not redis.call('ZSCORE', key('sessions'), ARGV[4]) then return {'refused'} end
local user, nonce, message = ARGV[5], ARGV[6], ARGV[7]
local known = key('nonce:' .. #user .. ':' .. user .. ':' .. nonce)
if nonce ~= '' then
  local id = redis.call('GET', known)
  local said = id and redis.call('XRANGE', log, id, id)[1]
  if said then return {'repeats', said} end
end
local offset = order('k', 'said', 'u', user, 'm', message)
if nonce ~= '' then redis.call('SET', known, ARGV[1] .. '-' .. offset, 'PX', '${nonceWindowMs}') end
return {'accepted', offset}
`;

/** Somebody's access was changed. */
const announce = `
if isCaller() then order('k', 'access') end
return ''
`;

/**
 * A user has no session left to spare: its id. Every node shall look for dead ones. It is of the kind that older nodes
 * know as no place in the order.
 */
const crowded = `
if isCaller() then order('k', 'access', 'by', ARGV[2], 'p', ARGV[4]) end
return ''
`;

const bodies = { greet, tick, enter, refuse, leave, publish, announce, crowded };
export type ScriptName = keyof typeof bodies;
export const scripts = Object.fromEntries(
  Object.entries(bodies).map(([name, body]) => [name, prelude + body]),
) as Readonly<Record<ScriptName, string>>;
