-- Tells every node that the access of a user was changed.
--
-- ARGV: epoch, node, key.

if isCaller() then append('k', 'access') end
return ''
