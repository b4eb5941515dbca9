-- ARGV: what is done, the gate's name, session and generation ('' for both: a gate of all sessions),
-- and what it takes. It follows `llmsim.store.gates.Gate`, step by step.
local act, name, owner, generation = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if owner ~= '' and redis.call('HGET', key('session', owner), 'generation') ~= generation then
  return false
end
local OPEN, LATE = 1000000000000, 1
local kept = redis.call('HGET', key('gates', owner), name)
if act == 'close' then return redis.call('HDEL', key('gates', owner), name) end
if not kept and (act == 'pass' or act == 'leave') then return false end
local gate = kept and cjson.decode(kept) or {tickets = 0, released = 0, waiting = {}}

local function first()
  local found = {}
  for ticket in pairs(gate.waiting) do found[#found + 1] = tonumber(ticket) end
  table.sort(found)
  return found
end

local function release(count)
  if count == '' or gate.released == OPEN then
    gate.released, gate.waiting = OPEN, {}
    return
  end
  local waiting = first()
  local passing = math.min(#waiting, count)
  for number = 1, passing do gate.waiting[tostring(waiting[number])] = nil end
  if passing > 0 then gate.released = waiting[passing] + 1 end
  if count > passing then
    gate.released = math.max(gate.released, gate.tickets) + count - passing
  end
end

local answer
if act == 'pass' then return tonumber(ARGV[5]) < gate.released and 1 or 0 end
if act == 'enter' then
  local who, count = cjson.decode(ARGV[5]), tonumber(ARGV[6])
  answer = gate.tickets
  gate.tickets = answer + 1
  if gate.released <= answer then
    gate.waiting[tostring(answer)] = who
    if count and #first() >= count then
      for _, ticket in ipairs(first()) do
        local other = gate.waiting[tostring(ticket)]
        if other[5] + LATE < who[4] then gate.waiting[tostring(ticket)] = nil end
      end
      local waiting = #first()
      if waiting >= count then release(waiting) end
    end
  end
elseif act == 'leave' then
  local ticket = ARGV[5]
  if gate.waiting[ticket] then
    gate.waiting[ticket] = nil
  elseif tonumber(ticket) < gate.released and gate.released < OPEN then
    release(1)
  end
elseif act == 'release' then
  release(ARGV[5] == '' and '' or tonumber(ARGV[5]))
end
local now = cjson.encode(gate)
redis.call('HSET', key('gates', owner), name, now)
return answer or now
