-- ARGV: session, the id after which to begin. Gives ids and lines in turn, some hundred kilobytes.
local name, found, size = ARGV[1], {}, 0
local after = '(' .. ARGV[2] .. '-0'
local is_amended = redis.call('EXISTS', key('amended', name)) == 1
while size < 262144 and #found < 2000 do
  local entries = redis.call('XRANGE', key('journal', name), after, '+', 'COUNT', 20)
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    local id, line = entry[1], entry[2][2]
    local ending = is_amended and redis.call('HGET', key('amended', name), id)
    if ending then line = string.sub(line, 1, #line - #ending) .. ending end
    found[#found + 1], found[#found + 2] = string.match(id, '^%d+'), line
    size = size + #line
    after = '(' .. id
  end
end
return found
