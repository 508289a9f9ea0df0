-- Reads the names of locks that are held, waited for or closed, in their order.
--
-- KEYS: the keys of the project (`Keys`).
-- ARGV: the place at which the list begins, the start of the names, and the number of names.
local from, prefix, limit, names = ARGV[1], ARGV[2], tonumber(ARGV[3]), {}
while #names < limit do
  local place = redis.call('ZRANGEBYLEX', KEYS[4], from, '+', 'LIMIT', 0, 1)[1]
  local name = place and string.match(place, '^[^%z]*')
  if not name or string.sub(name, 1, #prefix) ~= prefix then break end
  names[#names + 1] = name
  from = '(' .. name .. '\1'
end
return names
