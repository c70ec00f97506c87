-- Renews the lease of a node, and removes sessions and users that are due, at most `maxRemoved` of each.
--
-- ARGV: epoch, node, key; lease in ms, presence grace in ms, last id that the node knows to be stored.
-- Returns: `more` where more are due, else `no`; `lapsed` where the node must attach again, also because the room has
-- lost a part of its state and must begin anew.

if not isCaller() then return 'lapsed' end
if isDamaged(maxRemoved) then
  redis.call('HDEL', state, 'run')
  return 'lapsed'
end
local leaseMs, graceMs = tonumber(ARGV[4]), tonumber(ARGV[5])
local ms = now()
local ticked = tonumber(redis.call('HGET', state, 'ticked') or whole(ms))
redis.call('HSET', state, 'ticked', whole(ms))
if (redis.call('HGET', state, 'stored') or '') < ARGV[6] then redis.call('HSET', state, 'stored', ARGV[6]) end
-- No node ticked for a lease: Redis was unavailable, so no node and no user is late.
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
  local sessions = sessionsOf(dead, 'LIMIT', 0, maxRemoved)
  for _, session in ipairs(sessions) do removeSession(session, graceMs) end
  if #sessions < maxRemoved then redis.call('ZREM', key('leases'), dead) end
  more = 'more'
end
local due = redis.call('ZRANGEBYSCORE', key('leaving'), '-inf', whole(ms), 'LIMIT', 0, maxRemoved)
for _, user in ipairs(due) do removeUser(user) end
if #due == maxRemoved then more = 'more' end
return more
