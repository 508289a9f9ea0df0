-- Reads the records that time has something to do with.
--
-- KEYS: the keys of the project (`Keys`).
-- ARGV: the time, or an empty text for the time of the server, and the number of records.
-- Returns: the time, ids of tickets, names whose delay is over, names that have been idle for long, and the next time at
-- which a ticket or a name is due.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local function due(key)
  return redis.call('ZRANGEBYSCORE', key, '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[2])
end
local next_due = false
for _, key in ipairs({ KEYS[7], KEYS[8] }) do
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if first and (not next_due or tonumber(first) < tonumber(next_due)) then next_due = first end
end
return { now, due(KEYS[7]), due(KEYS[8]), due(KEYS[9]), next_due }
