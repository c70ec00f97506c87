-- Removes a session.
--
-- ARGV: epoch, node, key; session, presence grace in ms.

if isCaller() then removeSession(ARGV[4], tonumber(ARGV[5])) end
return ''
