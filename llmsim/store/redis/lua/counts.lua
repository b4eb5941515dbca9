-- ARGV: session, keys; '' is the place of the script's own turns. Gives what each counter says.
local session, found = read(ARGV[1]), {}
local is_new = begins(session, published())
for number = 2, #ARGV do
  local value = ARGV[number] == '' and session.place
  if ARGV[number] ~= '' then value = redis.call('HGET', key('kept', session.name), ARGV[number]) end
  found[number - 1] = is_new and 0 or tonumber(value or 0)
end
return found
