-- The kept counters of a session.

local KEPT_PER_SESSION = 4

local function clear_counters(name)
  redis.call('UNLINK', key('gates', name))
  local kept = redis.call('HLEN', key('kept', name))
  if kept > 0 then
    redis.call('HINCRBY', ROOM, 'kept', -kept)
    redis.call('UNLINK', key('kept', name))
  end
end

-- Add to a kept counter, and give what it says then; false where it is new and has no room.
local function count(name, counter, number, room)
  local kept = key('kept', name)
  local after = redis.call('HINCRBY', kept, counter, number)
  if after ~= tonumber(number) then return after end
  if tonumber(redis.call('HGET', ROOM, 'kept') or 0) >= room * KEPT_PER_SESSION then
    redis.call('HDEL', kept, counter)
    redis.call('HINCRBY', ROOM, 'uncounted', 1)
    return false
  end
  redis.call('HINCRBY', ROOM, 'kept', 1)
  return after
end
