-- ARGV: key of a script, who publishes it, '1' where sessions begin anew, and the key that is to be
-- published until now, or ''. Gives 1 where it is published, 0 where the script is gone, 2 where
-- another one is published by now.
local now = published()
if now.script == ARGV[1] then return 1 end
if ARGV[4] ~= '' and ARGV[4] ~= now.script then return 2 end
if not use(ARGV[1]) then return 0 end
unuse(now.script)
redis.call('HSET', NOW, 'script', ARGV[1], 'by', ARGV[2])
if ARGV[3] == '1' then redis.call('HINCRBY', NOW, 'version', 1) end
return 1
