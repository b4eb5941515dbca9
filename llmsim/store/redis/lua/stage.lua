-- ARGV: key, and a script, which stays for ten minutes unless somebody begins to play it. Or, in
-- the script's place, nothing, and the key under which it was written piece by piece.
local script = key('script', ARGV[1])
if redis.call('EXISTS', script) == 0 then
  if ARGV[3] then
    redis.call('RENAME', ARGV[3], script)
  else
    redis.call('SET', script, ARGV[2])
  end
  redis.call('EXPIRE', script, 600)
elseif redis.call('TTL', script) >= 0 then
  redis.call('EXPIRE', script, 600)
end
return 1
