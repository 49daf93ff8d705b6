"""The Lua scripts of coordination; each runs atomically, in one round trip."""

_NOW = """
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
"""

# The generic cell rate algorithm: over any time span, no more ticks than periods. A due
# time more than two periods ahead comes from another clock or setting; ignore it.
OPEN_TICK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local period, early = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = tonumber(redis.call('GET', KEYS[1]) or now)
if due - now > 2 * period then due = now end
if now < due - early then return {} end
local previous = redis.call('GET', KEYS[2]) or ''
redis.call('SET', KEYS[1], string.format('%d', math.max(due, now) + period),
           'PX', 3 * period)
redis.call('SET', KEYS[2], string.format('%d', now))
return {string.format('%d', now), previous}
"""

RESERVE = """
local free = {}
for i, key in ipairs(KEYS) do
  if redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) then
    free[#free + 1] = i - 1
  end
end
return free
"""

BEGIN = """
local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] then return {0} end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return {1, redis.call('GET', KEYS[2]) or ''}
"""

STORE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""

# An evaluation that lost its lease does not know what the new holder did: it deletes
# the memory, so that the next evaluation reads the formation again.
FINISH = (
    _NOW
    + """
local holder = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[6], string.format('%d', now()))
if holder == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[2] == '' then return end
if holder ~= ARGV[1] then
  redis.call('DEL', KEYS[2])
  return
end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
redis.call(ARGV[4], KEYS[3], ARGV[5])
if tonumber(ARGV[6]) > 0 then
  redis.call('ZADD', KEYS[4], string.format('%d', now() + ARGV[6]), ARGV[5])
else
  redis.call('ZREM', KEYS[4], ARGV[5])
end
if ARGV[7] == '1' then
  redis.call('ZADD', KEYS[5], 'NX', string.format('%d', now()), ARGV[5])
else
  redis.call('ZREM', KEYS[5], ARGV[5])
end
if ARGV[8] ~= '0' then
  redis.call('ZADD', KEYS[7], ARGV[8], ARGV[5])
else
  redis.call('ZREM', KEYS[7], ARGV[5])
end
"""
)

HEARTBEATS = (
    _NOW
    + """
local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
return {
  string.format('%d', now()), redis.call('GET', KEYS[1]) or '',
  redis.call('GET', KEYS[2]) or '', redis.call('ZCARD', KEYS[3]), first[2] or '',
  redis.call('ZCOUNT', KEYS[4], string.format('%d', now()), '+inf'),
}
"""
)

# A time more than an hour ahead comes from another clock; ignore it.
RESTING = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now()))
local most = string.format('%d', now() + 3600000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', most)
"""
)
