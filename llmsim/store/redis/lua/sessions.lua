-- Those of the sessions ARGV that are there, and with a mark and a limit in the place of names
-- ('', mark, limit) a page of all: the mark to go on from, 0 for the end, and the sessions.
local now, found = published(), {}
if ARGV[1] ~= '' then
  local session = read(ARGV[1])
  return session.generation and shown(session, now) or false
end
local names = redis.call('ZRANGE', SESSIONS, ARGV[2], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[3],
  'WITHSCORES')
for number = 1, #names, 2 do found[#found + 1] = shown(read(names[number]), now) end
return {#found == tonumber(ARGV[3]) and names[#names] + 1 or 0, found}
