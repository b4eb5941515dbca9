-- A connection was made to the run `ARGV[1]` of a server. `ARGV[2]`: once it is killed, it will
-- come back with all that it has answered. Gives 0 nothing is new, 1 it was restarted and has kept
-- everything, 2 it may have lost something, and all sessions begin anew.
local SERVER = base .. 'server'
local was = redis.call('HMGET', SERVER, 'run', 'durable')
if was[1] == ARGV[1] and was[2] == ARGV[2] then return 0 end
redis.call('HSET', SERVER, 'run', ARGV[1], 'durable', ARGV[2])
if not was[1] or was[1] == ARGV[1] then return 0 end
if was[2] == '1' then return 1 end
redis.call('HINCRBY', NOW, 'epoch', 1)
return 2
