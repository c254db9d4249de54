-- Each request is the next visitor's, so that no two requests of one session meet. The last line
-- is for the program: requests, microseconds, failures, and percentiles of latency in microseconds.
local requests, last = {}, 0

function init(args)
  for cookies in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, { Cookie = cookies })
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("%d %d %d %d %d\n", summary.requests, summary.duration, failed,
    latency:percentile(50), latency:percentile(99)))
end
