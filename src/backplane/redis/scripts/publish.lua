-- Publishes a message of a session.
--
-- ARGV: epoch, node, key; session, user, nonce or an empty text, message.
-- Returns: `accepted` and the offset; `refused`; or `repeats` and the entry that was published under this nonce.

if not isCaller() or not redis.call('ZSCORE', key('sessions'), ARGV[4]) then return {'refused'} end
local user, nonce, message = ARGV[5], ARGV[6], ARGV[7]
local nonceKey = key('nonce:' .. #user .. ':' .. user .. ':' .. nonce)
if nonce ~= '' then
  local id = redis.call('GET', nonceKey)
  local published = id and redis.call('XRANGE', log, id, id)[1]
  if published then return {'repeats', published} end
end
local offset = append('k', 'said', 'u', user, 'm', message)
if nonce ~= '' then redis.call('SET', nonceKey, ARGV[1] .. '-' .. offset, 'PX', nonceWindowMs) end
return {'accepted', offset}
