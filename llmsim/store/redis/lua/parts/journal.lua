-- The journal of a session.

local function write_line(name, line)
  local id = redis.call('HINCRBY', ROOM, 'line', 1)
  redis.call('XADD', key('journal', name), id .. '-0', 'e', line)
  redis.call('HINCRBY', key('session', name), 'bytes', #line)
  redis.call('HINCRBY', ROOM, 'journal', #line)
  return id
end

local function write_beginning(name, generation)
  return write_line(name, '{"begins":"' .. generation .. '"}')
end

local function clear_journal(name)
  local bytes = redis.call('HGET', key('session', name), 'bytes')
  if bytes then
    redis.call('HINCRBY', ROOM, 'journal', -bytes)
    redis.call('HDEL', key('session', name), 'bytes')
    redis.call('UNLINK', key('journal', name), key('amended', name))
  end
end
