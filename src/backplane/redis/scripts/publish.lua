-- Publishes a message of a session.
--
-- ARGV: epoch, node, key; session, user, nonce or an empty text, message.
-- Returns: `accepted` and the offset; `refused`; or `repeats` and the entry that was published under this nonce.

if not isCaller() or not redis.call('ZSCORE', key('sessions'), ARGV[4]) then return {'refused'} end
local user, nonce, message = ARGV[5], ARGV[6], ARGV[7]
local repeated = publishedUnder(user, nonce)
if repeated then return {'repeats', repeated} end
return {'accepted', appendMessage(user, nonce, message)}
