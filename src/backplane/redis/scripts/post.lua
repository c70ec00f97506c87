-- Publishes a message of a user that needs no session.
--
-- ARGV: epoch, node, key; user, name, folded name, nonce or an empty text, the members of the message after `from_user`
-- as JSON without braces.
-- Returns: `published` or `repeats`, and the entry; or a refusal.

if not isCaller() then return {'unavailable'} end
local user, name, fold, nonce, rest = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local repeated = publishedUnder(user, nonce)
if repeated then return {'repeats', repeated} end
local known = redis.call('HGET', key('names'), user)
if not known and redis.call('HEXISTS', key('holders'), fold) == 1 then return {'name_in_use'} end
local message = '{"from_user":' .. cjson.encode(known or name) .. ',' .. rest .. '}'
local id = ARGV[1] .. '-' .. appendMessage(user, nonce, message)
return {'published', redis.call('XRANGE', log, id, id)[1]}
