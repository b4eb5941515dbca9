-- ARGV: session, room for sessions, what was seen (see `meet`), generation for a new one. Gives {0,
-- number, what is seen now}, or what `claim` gives where it takes nothing.
local session, now, refusal = meet(ARGV[1], ARGV[2], ARGV[3])
if refusal then return refusal end
if begins(session, now) then begin(session, now, ARGV[4]) end
local after = redis.call('HINCRBY', key('session', session.name), 'arrival', 1)
return {0, after - 1, unpack(seen(session, now))}
