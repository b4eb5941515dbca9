-- ARGV: session, generation. Gives the session, or nothing.
local session, now = read(ARGV[1]), published()
if not session.generation then return false end
clear_journal(session.name)
begin(session, now, ARGV[2])
return shown(session, now)
