-- Counts the tickets in front of others.
--
-- KEYS: the keys of the project (`Keys`).
-- ARGV: for each ticket and lock, the first place of the queue and the place of the ticket.
-- Returns: the version of the project, and the numbers.
local found = {}
for i = 1, #ARGV, 2 do
  found[#found + 1] = redis.call('ZLEXCOUNT', KEYS[4], '[' .. ARGV[i], '(' .. ARGV[i + 1])
end
return { redis.call('HGET', KEYS[1], 'version'), found }
