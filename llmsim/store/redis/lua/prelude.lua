-- What every verb begins with. KEYS[1] is the beginning of all keys: its hash tag puts them all
-- into one slot of a cluster, so a claim sees what was published at that moment.
--
--   now             hash: `version` of what is published, which grows; `script`, the key of the
--                   default one; `by`, who published it; `epoch`, which grows where the server may
--                   have lost something
--   sessions        sorted set: the names by when they were made
--   session:<name>  hash: see FIELDS; `options`; `bytes` of its journal, where it has one
--   kept:<name>     hash: the kept counters of its generation
--   try:<generation><key>  a counter of tries
--   limit:<generation><key>  when a limit is all free again, in microseconds since 1970
--   gates:<name>    hash: the gates of its generation, or for no name those of all sessions, as JSON
--   journal:<name>  stream of lines; amended:<name>  hash: the new end of a line, by its id
--   script:<key>    a script; uses  hash: how many sessions, and the default, play it
--   room            hash: `kept` counters and `journal` bytes of all sessions, `dropped` entries,
--                   what found no room for its counter (`uncounted`), the last `line` and the last
--                   session that was `made`
--
-- Generations and keys of scripts are 16 hex digits: a number of Lua has no 64 bits.
local base = KEYS[1]
local NOW, SESSIONS, ROOM, USES = base .. 'now', base .. 'sessions', base .. 'room', base .. 'uses'
local NOBODY = '0000000000000000'
local KEPT_PER_SESSION = 4

local function key(kind, name) return base .. kind .. ':' .. name end

-- What is published: version, script, epoch.
local function published()
  local now = redis.call('HMGET', NOW, 'version', 'script', 'epoch')
  return {version = now[1] or '0', script = now[2] or NOBODY, epoch = now[3] or '0'}
end

local FIELDS = {'generation', 'script', 'own', 'version', 'epoch', 'position', 'place', 'arrival'}

-- A session as it is kept; its generation is false where there is none.
local function read(name)
  local found = redis.call('HMGET', key('session', name), unpack(FIELDS))
  local session = {name = name}
  for number, field in ipairs(FIELDS) do session[field] = found[number] end
  return session
end

-- Whether the next claim begins a generation.
local function begins(session, now)
  return not session.generation or session.epoch ~= now.epoch
    or (session.own == '0' and session.version ~= now.version)
end

-- The script that the next claim plays.
local function script_of(session, now)
  return session.own == '1' and session.script or now.script
end

-- What a claim meets: generation, script, published script.
local function seen(session, now)
  local generation = begins(session, now) and NOBODY or session.generation
  return {generation, script_of(session, now), now.script}
end

local function clear_counters(name)
  redis.call('UNLINK', key('gates', name))
  local kept = redis.call('HLEN', key('kept', name))
  if kept > 0 then
    redis.call('HINCRBY', ROOM, 'kept', -kept)
    redis.call('UNLINK', key('kept', name))
  end
end

-- Add to a kept counter; false where it is new and has no room.
local function count(name, counter, number, room)
  if redis.call('HEXISTS', key('kept', name), counter) == 0 then
    if tonumber(redis.call('HGET', ROOM, 'kept') or 0) >= room * KEPT_PER_SESSION then
      redis.call('HINCRBY', ROOM, 'uncounted', 1)
      return false
    end
    redis.call('HINCRBY', ROOM, 'kept', 1)
  end
  redis.call('HINCRBY', key('kept', name), counter, number)
  return true
end

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
-- (generation, script, published; '' for nothing), or where there is no room or no script.
local function meet(name, room, generation, script, default)
  local session, now = read(name), published()
  local meets = seen(session, now)
  if meets[2] == NOBODY then return nil, nil, {3} end
  if generation ~= '' and
    (generation ~= meets[1] or script ~= meets[2] or default ~= meets[3]) then
    return nil, nil, {1, unpack(meets)}
  end
  if is_too_many(session, room) then return nil, nil, {2} end
  return session, now
end

-- A session as callers see it.
local function shown(session, now)
  local position = begins(session, now) and 0 or tonumber(session.position)
  return {session.name, position, session.generation, script_of(session, now), session.own}
end

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

