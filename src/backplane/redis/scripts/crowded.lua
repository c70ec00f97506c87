-- Tells every other node that a user has too many sessions, so that each looks for dead ones.
--
-- ARGV: epoch, node, key; user.
--
-- The entry is of the kind `access`, which older nodes don't take for a position of the stream.

if isCaller() then append('k', 'access', 'by', ARGV[2], 'p', ARGV[4]) end
return ''
