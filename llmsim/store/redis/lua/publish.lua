-- ARGV: key of a script, and who publishes it. Gives 1 where it is published, 0 where the script is gone.
local now = published()
if now.script == ARGV[1] then return 1 end
if not use(ARGV[1]) then return 0 end
unuse(now.script)
redis.call('HSET', NOW, 'script', ARGV[1], 'by', ARGV[2])
redis.call('HINCRBY', NOW, 'version', 1)
return 1
