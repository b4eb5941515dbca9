-- Posts the JSON body that is wrk's first argument, and prints what came of it as one line of JSON. The second argument, if there is one, is a
-- number of sessions: requests go to session-0, session-1, ... in turn.

local sessions, asked = nil, 0

function init(arguments)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = arguments[1]
  sessions = tonumber(arguments[2])
  if sessions then
    request = in_next_session
  end
end

function in_next_session()
  wrk.headers["X-LLMSim-Session"] = "session-" .. asked % sessions
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
