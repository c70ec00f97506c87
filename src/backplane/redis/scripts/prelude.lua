-- Shared by all scripts: `scripts.ts` puts its constants and this file before each of them.
--
-- Each change of the room is one script, so that all nodes see the same stream. All keys lie in one hash slot, below the
-- name of the room (KEYS[1]):
--
-- `state`      hash: `run` (of the Redis process), `epoch`, `offset`, `time`, `ticked`, `stored`, `guarded`
-- `log`        stream of all entries, by `epoch-offset`
-- `nodes`      hash: node -> its key, which a node renews with each connection
-- `leases`     sorted set: node by the end of its lease
-- `sessions`   sorted set: `node/serial/user`, in lexical order
-- `counts`     hash: user -> number of sessions
-- `names`      hash: user -> name
-- `folds`      hash: user -> folded name
-- `holders`    hash: folded name -> user
-- `roster`     sorted set: user by the offset of its join
-- `leaving`    sorted set: user without a session, by the time at which it is removed
-- `nonce:...`  id of the entry in which a user published under a nonce
--
-- ARGV begins with the caller's epoch, node and key, except in `greet`.
--
-- Redis may lose single keys: it evicts them, or somebody deletes them. The rest then contradicts itself, and the room
-- begins anew. `sessions`, `leases` and `leaving` may be empty, so each has a member that is always there, an empty text,
-- once `guarded` is the epoch. Nodes of version 0.1 don't write it, and it doesn't disturb them.

local room = KEYS[1]
local function key(name) return room .. ':' .. name end
local state, log = key('state'), key('log')

-- Formats a number without an exponent.
local function whole(number) return string.format('%.0f', number) end

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Returns the time of the room, which never goes back.
local function now()
  local ms = math.max(clock(), tonumber(redis.call('HGET', state, 'time') or '0'))
  redis.call('HSET', state, 'time', whole(ms))
  return ms
end

-- Appends an entry to the stream and returns its offset.
local function append(...)
  local offset, ms = whole(redis.call('HINCRBY', state, 'offset', 1)), whole(now())
  local id = redis.call('HGET', state, 'epoch') .. '-' .. offset
  redis.call('XADD', log, 'MAXLEN', '~', maxLogged, id, 't', ms, ...)
  return offset
end

-- Returns whether this is the epoch, and the call comes over the latest connection of its node.
local function isCaller()
  return redis.call('HGET', state, 'epoch') == ARGV[1] and redis.call('HGET', key('nodes'), ARGV[2]) == ARGV[3]
end

local function isMiscounted()
  local seated, leaving = 0, 0
  for _, count in ipairs(redis.call('HVALS', key('counts'))) do
    if count == '0' then leaving = leaving + 1 else seated = seated + tonumber(count) end
  end
  return redis.call('ZCARD', key('sessions')) ~= seated + 1 or redis.call('ZCARD', key('leaving')) ~= leaving + 1
end

-- Returns whether Redis has lost a part of the room. Counts the sessions of at most so many users.
local function isDamaged(maxCounted)
  local users, offset = redis.call('HLEN', key('names')), tonumber(redis.call('HGET', state, 'offset') or '-1')
  for _, name in ipairs({'folds', 'holders', 'counts'}) do
    if redis.call('HLEN', key(name)) ~= users then return true end
  end
  if redis.call('ZCARD', key('roster')) ~= users then return true end
  if offset < 0 or redis.call('XLEN', log) < math.min(offset, maxLogged) then return true end
  if tonumber(redis.call('HGET', state, 'time') or '0') - clock() > maxAheadMs then return true end
  if redis.call('HGET', state, 'guarded') ~= redis.call('HGET', state, 'epoch') then return false end
  for _, name in ipairs({'sessions', 'leases', 'leaving'}) do
    if not redis.call('ZSCORE', key(name), '') then return true end
  end
  return users <= maxCounted and isMiscounted()
end

local function nonceKeyOf(user, nonce) return key('nonce:' .. #user .. ':' .. user .. ':' .. nonce) end

-- Returns the entry that a user published under this nonce, if the stream still has it.
local function publishedUnder(user, nonce)
  local id = nonce ~= '' and redis.call('GET', nonceKeyOf(user, nonce))
  return id and redis.call('XRANGE', log, id, id)[1]
end

-- Appends a message, remembers its nonce, and returns its offset.
local function appendMessage(user, nonce, message)
  local offset = append('k', 'said', 'u', user, 'm', message)
  if nonce ~= '' then redis.call('SET', nonceKeyOf(user, nonce), ARGV[1] .. '-' .. offset, 'PX', nonceWindowMs) end
  return offset
end

local function removeUser(user)
  local name, fold = redis.call('HGET', key('names'), user), redis.call('HGET', key('folds'), user)
  redis.call('ZREM', key('leaving'), user)
  redis.call('ZREM', key('roster'), user)
  redis.call('HDEL', key('names'), user)
  redis.call('HDEL', key('folds'), user)
  redis.call('HDEL', key('counts'), user)
  redis.call('HDEL', key('holders'), fold)
  append('k', 'left', 'n', name)
end

-- Removes a session. A user without another one is removed when the grace is over.
local function removeSession(session, graceMs)
  local user = string.match(session, '^[^/]*/[^/]*/(.*)$')
  if redis.call('ZREM', key('sessions'), session) == 0 then return end
  if redis.call('HINCRBY', key('counts'), user, -1) > 0 then return end
  if graceMs == 0 then
    removeUser(user)
  else
    redis.call('ZADD', key('leaving'), whole(now() + graceMs), user)
  end
end

local function sessionsOf(node, ...)
  return redis.call('ZRANGEBYLEX', key('sessions'), '[' .. node .. '/', '(' .. node .. '0', ...)
end

-- Returns why a session of this user cannot join; nil if it can. Only a user's first session needs the name.
local function refusalOf(user, fold, maxSessions)
  if redis.call('HEXISTS', key('names'), user) == 0 then
    if redis.call('HEXISTS', key('holders'), fold) == 1 then return 'name_in_use' end
  elseif tonumber(redis.call('HGET', key('counts'), user)) >= maxSessions then
    return 'too_many_sessions'
  end
end
