-- ARGV: session, id of a line, its new end.
local id = ARGV[2] .. '-0'
if #redis.call('XRANGE', key('journal', ARGV[1]), id, id) > 0 then
  redis.call('HSET', key('amended', ARGV[1]), id, ARGV[3])
end
return 1
