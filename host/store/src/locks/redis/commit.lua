-- Writes the changes of a command, unless the decision is out of date.
--
-- KEYS: the keys of the project (`Keys`).
-- ARGV: the version of the project that was read; the times from and before which the decision holds, or two empty
-- texts; `full` for a command that a server without free memory accepts; the channel and the text of the
-- announcement, or two empty texts; and the writes: for each, the number of its arguments with the command and the
-- number of the key, the command, the number of the key, the arguments.
-- Returns `done`, `changed` or `late`. Unless it is `done`, nothing has changed.
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 'changed' end
if ARGV[2] ~= '' then
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  if now < tonumber(ARGV[2]) or now >= tonumber(ARGV[3]) then return 'late' end
end
-- Redis does not undo the first writes of a script whose later writes fail.
local types = { 'hash', 'hash', 'hash', 'zset', 'zset', 'hash', 'zset', 'zset', 'zset', 'stream' }
for i, expected in ipairs(types) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'none' and found ~= expected then
    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. found)
  end
end
-- Redis refuses the first write of a script when memory is full, and this one needs none.
if ARGV[4] == 'full' then redis.call('HDEL', KEYS[1], '') end
local position = 7
while position <= #ARGV do
  local count = tonumber(ARGV[position])
  local key = KEYS[tonumber(ARGV[position + 2])]
  redis.call(ARGV[position + 1], key, unpack(ARGV, position + 3, position + count))
  position = position + count + 1
end
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return 'done'
