-- Seats a session, and announces its user if it is the first one.
--
-- ARGV: epoch, node, key; session, user, name, folded name, max sessions per user.
-- Returns: `seated`, the offset, and the name that the room knows the user by; or a refusal.

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
local offset = append('k', 'joined', 'n', name, 's', session)
redis.call('ZADD', key('roster'), offset, user)
return {'seated', offset, name}
