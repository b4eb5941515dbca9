-- ARGV: session, room for sessions, what was seen (see `meet`), generation for a new one, kind of
-- place ('none', 'main', 'track') and its key, and where there is more than a place to take: key of
-- tries or '', what is served (see below) or '', number of the arrival or '', and of each limit its
-- key, cost and window. Gives {0, position, arrival, place, tries, generation, script, how full each
-- limit is}, or {1, what is seen now}, or {2} for no room, or {3} where nothing is published, or {4,
-- how full each limit is} where one refuses, or {5} for no room for the place.
local name, room, kind, track = ARGV[1], ARGV[2], ARGV[5], ARGV[6]
local tries, served, arrival = ARGV[7] or '', ARGV[8] or '', tonumber(ARGV[9] or '')
local session, now, refusal = meet(name, room, ARGV[3])
if refusal then return refusal end

local is_new = begins(session, now)
if kind == 'track' then
  local known = not is_new and redis.call('HEXISTS', key('kept', name), track) == 1
  local old = is_new and redis.call('HLEN', key('kept', name)) or 0
  local kept = tonumber(redis.call('HGET', ROOM, 'kept') or 0) - old
  if not known and kept >= room * KEPT_PER_SESSION then return {5} end
end
if is_new then begin(session, now, ARGV[4]) end

local position = tonumber(session.position)
local time, filled_up, refused = ARGV[10] and time_now(), {}, false
for at = 10, #ARGV, 3 do
  local full = filled(key('limit', session.generation .. ARGV[at]), time)
  refused = refused or full + ARGV[at + 1] > tonumber(ARGV[at + 2])
  filled_up[#filled_up + 1] = full
end
if refused then
  if not arrival then redis.call('HINCRBY', key('session', name), 'arrival', 1) end
  return {4, unpack(filled_up)}
end
for number, full in ipairs(filled_up) do
  local at = 7 + 3 * number
  filled_up[number] = full + ARGV[at + 1]
  fill(key('limit', session.generation .. ARGV[at]), time, filled_up[number])
end
local place, tried = 0, 0
local change = {'position', position + 1}
if not arrival then
  arrival = tonumber(session.arrival)
  change[3], change[4] = 'arrival', arrival + 1
end
if kind == 'main' then
  place = tonumber(session.place)
  change[#change + 1], change[#change + 2] = 'place', place + 1
elseif kind == 'track' then
  place = count(name, track, 1, room) - 1
end
redis.call('HSET', key('session', name), unpack(change))
if tries ~= '' then
  local counter = key('try', session.generation .. tries)
  tried = redis.call('INCR', counter) - 1
  redis.call('EXPIRE', counter, 21600)
end
-- What is served: '1' where its keys come in turn or '0', and the keys, 16 bytes each, by the number
-- of the try.
if served ~= '' then
  local last = (#served - 1) / 16 - 1
  local in_turn = string.sub(served, 1, 1) == '1'
  local at = in_turn and tried % (last + 1) or math.min(tried, last)
  count(name, string.sub(served, at * 16 + 2, at * 16 + 17), 1, room)
end
return {0, position, arrival, place, tried, session.generation, script_of(session, now), unpack(filled_up)}
