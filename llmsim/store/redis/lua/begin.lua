-- Make a session, or give it a script. ARGV: session, generation, room for sessions, 'create' or
-- 'put', key of its own script or '', options. Gives the session, 0 where the script is gone, 1
-- where there is no room, and nothing where it was to be made and is there.
local session, now = read(ARGV[1]), published()
local script, was = ARGV[5], session.own == '1' and session.script or NOBODY
if ARGV[4] == 'create' and session.generation then return false end
if is_too_many(session, ARGV[3]) then return 1 end
if script ~= '' then
  if not use(script) then return 0 end
  session.own, session.script = '1', script
  unuse(was)
end
begin(session, now, ARGV[2])
if ARGV[6] ~= '' then redis.call('HSET', key('session', session.name), 'options', ARGV[6]) end
if redis.call('HEXISTS', key('session', session.name), 'bytes') == 1 then
  write_beginning(session.name, ARGV[2])
end
return shown(session, now)
