-- Returns how `enter` would refuse a session, or an empty text. Changes nothing.
--
-- ARGV: epoch, node, key; user, folded name, max sessions per user.

if not isCaller() then return 'unavailable' end
return refusalOf(ARGV[4], ARGV[5], tonumber(ARGV[6])) or ''
