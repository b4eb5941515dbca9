-- ARGV: session, key, number, room for sessions. Gives 1, or 0 where there is no room for it.
if redis.call('EXISTS', key('session', ARGV[1])) == 0 then return 0 end
return count(ARGV[1], ARGV[2], ARGV[3], ARGV[4]) and 1 or 0
