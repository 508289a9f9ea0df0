-- Reads the records that a command concerns, all at one time.
--
-- KEYS: the keys of the project (`Keys`).
-- ARGV: `all` for names with their tickets, or `records` for names alone; `tickets` for the tickets of sessions, or
-- `ids` for their ids; and four lists, each after its length: names, sessions (the start of their places in the
-- index), ids of tickets, and tokens.
-- Returns: the time, the state of the project, the records of the names, the tickets, and the ids of sessions.
local position = 3
local function list()
  local count, found = tonumber(ARGV[position]), {}
  for i = 1, count do found[i] = ARGV[position + i] end
  position = position + count + 1
  return found
end
local names, sessions, ids, tokens = list(), list(), list(), list()

local seen, bodies, missing = {}, {}, nil
local function read(wanted, is_indexed)
  local new = {}
  for _, id in ipairs(wanted) do
    if id ~= '' and not seen[id] then
      seen[id] = true
      new[#new + 1] = id
    end
  end
  for from = 1, #new, 500 do
    local found = redis.call('HMGET', KEYS[3], unpack(new, from, math.min(from + 499, #new)))
    for i, body in ipairs(found) do
      if body then
        bodies[#bodies + 1] = body
      elseif is_indexed then
        missing = new[from + i - 1]
      end
    end
  end
end
-- A place is the start, for names a rank, and the id, with a zero byte between each. That of a lock that is closed
-- ends after the start.
local function places(key, start)
  local found = redis.call('ZRANGEBYLEX', key, '[' .. start .. '\0', '(' .. start .. '\1')
  for i, place in ipairs(found) do
    local rank_end = string.find(place, '%z', #start + 2)
    found[i] = string.sub(place, (rank_end or #start + 1) + 1)
  end
  return found
end

local state = redis.call('HMGET', KEYS[1], 'version', 'last_token', 'last_event', 'names', 'waiting')
local function records_left()
  local hashes = redis.call('HLEN', KEYS[2]) + redis.call('HLEN', KEYS[3]) + redis.call('HLEN', KEYS[6])
  return hashes + redis.call('ZCARD', KEYS[4])
end
if not state[1] and records_left() > 0 then
  return redis.error_reply('DAMAGED there are locks, and the key ' .. KEYS[1] .. ' is missing')
end
local records, of_sessions = {}, {}
for i, name in ipairs(names) do
  records[i] = redis.call('HGET', KEYS[2], name)
  if ARGV[1] == 'all' then read(places(KEYS[4], name), true) end
end
for _, session in ipairs(sessions) do
  local found = places(KEYS[5], session)
  if ARGV[2] == 'tickets' then
    read(found, true)
  else
    for _, id in ipairs(found) do
      if not seen[id] then of_sessions[#of_sessions + 1] = id end
    end
  end
end
for _, token in ipairs(tokens) do
  local id = redis.call('HGET', KEYS[6], token)
  if id then read({ id }, true) end
end
read(ids, false)
if missing then return redis.error_reply('DAMAGED the ticket ' .. missing .. ' is missing in ' .. KEYS[3]) end
local time = redis.call('TIME')
return { time[1] * 1000000 + time[2], state, records, bodies, of_sessions }
