-- ARGV: session. Gives 1, or 0 where there was none.
local session = read(ARGV[1])
if not session.generation then return 0 end
clear_journal(session.name)
clear_counters(session.name)
redis.call('ZREM', SESSIONS, session.name)
redis.call('UNLINK', key('session', session.name))
if session.own == '1' then unuse(session.script) end
return 1
