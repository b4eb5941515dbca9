-- ARGV: session, generation, key of the limit, cost. Gives how full the limit is then, or 0 where
-- the session is of another generation.
if redis.call('HGET', key('session', ARGV[1]), 'generation') ~= ARGV[2] then return 0 end
local time, counter = time_now(), key('limit', ARGV[2] .. ARGV[3])
local full = filled(counter, time) + tonumber(ARGV[4])
fill(counter, time, full)
return full
