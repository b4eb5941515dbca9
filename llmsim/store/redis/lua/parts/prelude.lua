-- What every verb begins with. KEYS[1] is the beginning of all keys: its hash tag puts them all
-- into one slot of a cluster, so a claim sees what was published at that moment.
--
--   now             hash: `version` of what is published, which grows; `script`, the key of the
--                   default one; `by`, who published it; `epoch`, which grows where the server may
--                   have lost something
--   sessions        sorted set: the names by when they were made
--   session:<name>  hash: see `read`; `options`; `bytes` of its journal, where it has one
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

local function key(kind, name) return base .. kind .. ':' .. name end

-- What is published: version, script, epoch.
local function published()
  local now = redis.call('HMGET', NOW, 'version', 'script', 'epoch')
  return {version = now[1] or '0', script = now[2] or NOBODY, epoch = now[3] or '0'}
end

-- A session as it is kept; its generation is false where there is none.
local function read(name)
  local found = redis.call('HMGET', key('session', name), 'generation', 'script', 'own', 'version',
    'epoch', 'position', 'place', 'arrival')
  return {name = name, generation = found[1], script = found[2], own = found[3], version = found[4],
    epoch = found[5], position = found[6], place = found[7], arrival = found[8]}
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

-- A session as callers see it.
local function shown(session, now)
  local position = begins(session, now) and 0 or tonumber(session.position)
  return {session.name, position, session.generation, script_of(session, now), session.own}
end
