-- How a generation begins. It takes counters.lua.

-- Whether the session is new, and there is no room for it.
local function is_too_many(session, room)
  return not session.generation and redis.call('ZCARD', SESSIONS) >= tonumber(room)
end

-- Begin a generation of the session, which is made at need.
local function begin(session, now, generation)
  local name = session.name
  if not session.generation then
    redis.call('ZADD', SESSIONS, redis.call('HINCRBY', ROOM, 'made', 1), name)
  end
  clear_counters(name)
  session.generation, session.own = generation, session.own or '0'
  session.script = script_of(session, now)
  session.version, session.epoch = now.version, now.epoch
  session.position, session.place, session.arrival = 0, 0, 0
  redis.call('HSET', key('session', name), 'generation', generation, 'script', session.script,
    'own', session.own, 'version', now.version, 'epoch', now.epoch,
    'position', 0, 'place', 0, 'arrival', 0)
end

-- The session that a request meets, and now; or what it is answered where that is not what was seen
-- (generation, script and published as one text, '' for nothing), or where there is no room or no
-- script.
local function meet(name, room, was_seen)
  local session, now = read(name), published()
  local meets = seen(session, now)
  if meets[2] == NOBODY then return nil, nil, {3} end
  if was_seen ~= '' and was_seen ~= table.concat(meets) then
    return nil, nil, {1, unpack(meets)}
  end
  if is_too_many(session, room) then return nil, nil, {2} end
  return session, now
end
