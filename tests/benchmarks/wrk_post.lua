-- Posts JSON bodies, and prints what came of it as one line of JSON. The first argument is a file that holds a body a line, which are sent in turn.
-- The second, if there is one, is a number of sessions: requests go to session-0, session-1, ... in turn.
-- It may be the word "traced": then each request has a traceparent of its own.

local bodies, sessions, traced, asked = {}, nil, false, 0

function init(arguments)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  for body in io.lines(arguments[1]) do
    bodies[#bodies + 1] = body
  end
  wrk.body = bodies[1]
  sessions = tonumber(arguments[2])
  traced = arguments[2] == "traced"
  if sessions or traced or #bodies > 1 then
    request = in_turn
  end
end

function in_turn()
  if sessions then
    wrk.headers["X-LLMSim-Session"] = "session-" .. asked % sessions
  end
  if traced then
    wrk.headers["Traceparent"] = string.format("00-%032x-%016x-01", asked, asked)
  end
  wrk.body = bodies[asked % #bodies + 1]
  asked = asked + 1
  return wrk.format()
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "errors": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests,
    summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
