-- ARGV: session, generation for a new one, room for sessions, what was seen (see `meet`). Gives {0,
-- number, what is seen now}, or what `claim` gives where it takes nothing.
local session, now, refusal = meet(ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
if refusal then return refusal end
if begins(session, now) then begin(session, now, ARGV[2]) end
local after = redis.call('HINCRBY', key('session', session.name), 'arrival', 1)
return {0, after - 1, unpack(seen(session, now))}
