-- ARGV: session, generation, line, bytes that all journals may take, '1' where it is counted if it
-- is dropped. Gives the line's id, or nothing.
local name, line = ARGV[1], ARGV[3]
local found = redis.call('HMGET', key('session', name), 'generation', 'bytes')
if not found[1] then return false end
if tonumber(redis.call('HGET', ROOM, 'journal') or 0) + #line > tonumber(ARGV[4]) then
  if ARGV[5] == '1' then redis.call('HINCRBY', ROOM, 'dropped', 1) end
  return false
end
if not found[2] and found[1] ~= ARGV[2] then write_beginning(name, found[1]) end
return write_line(name, line)
