-- Attaches a node.
--
-- ARGV: node, its key, run of the Redis process, least epoch, lease in ms.
-- Returns: epoch, offset, time, whether the node was attached before, last stored id, names and ids in join order, the
-- node's sessions.
--
-- Another life of the Redis process is another epoch, whether its data survived or not: it may have lost its latest
-- writes, and no id is given twice. A room that has lost a part of its state begins a new epoch, too. Times begin at the
-- clock, ids after all that were given.

local node, nodeKey, run, leastEpoch, leaseMs = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local epoch = tonumber(redis.call('HGET', state, 'epoch') or '-1')
local known = redis.call('HEXISTS', key('nodes'), node)
if epoch < leastEpoch or redis.call('HGET', state, 'run') ~= run or isDamaged(math.huge) then
  for _, name in ipairs({'nodes', 'leases', 'sessions', 'counts', 'names', 'folds', 'holders', 'roster', 'leaving'}) do
    redis.call('DEL', key(name))
  end
  epoch = math.max(clock(), epoch + 1, leastEpoch + 1)
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
  roster[at] = {redis.call('HGET', key('names'), user), user}
end
local offset = redis.call('HGET', state, 'offset')
return {whole(epoch), offset, whole(ms), known, redis.call('HGET', state, 'stored') or '', roster, sessionsOf(node)}
