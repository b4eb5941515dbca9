-- How many play a script: it goes with the last one.

-- One more plays the script; false where it is not there.
local function use(script)
  if script == NOBODY then return true end
  if redis.call('EXISTS', key('script', script)) == 0 then return false end
  redis.call('PERSIST', key('script', script))
  redis.call('HINCRBY', USES, script, 1)
  return true
end

local function unuse(script)
  if script ~= NOBODY and redis.call('HINCRBY', USES, script, -1) <= 0 then
    redis.call('HDEL', USES, script)
    redis.call('UNLINK', key('script', script))
  end
end
