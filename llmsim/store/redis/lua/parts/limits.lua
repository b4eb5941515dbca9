-- Limits, each a moment: when it is all free again.

-- Microseconds since 1970: a number that Lua still holds exactly.
local function time_now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- How full a limit is, in microseconds. A clock that is set back closes it for an hour at most.
local function filled(counter, time)
  return math.min(math.max((tonumber(redis.call('GET', counter)) or 0) - time, 0), 3600000000)
end

local function fill(counter, time, full)
  local until_empty = math.ceil(full / 1000) + 1
  redis.call('SET', counter, time + full, 'PX', until_empty)
end
