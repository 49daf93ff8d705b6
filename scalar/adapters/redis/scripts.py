"""The Lua scripts of coordination; each runs atomically, in one round trip."""

_NOW = """
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
"""

# Adds events to the outbox, from ARGV[first] on: an id, its event, and so on. Returns
# how many wait then, and how many of the oldest ones were dropped to stay in bounds.
_APPEND = """
local function append(ids, events, most, first)
  if #ARGV < first then return {0, 0} end
  for i = first, #ARGV, 2 do
    redis.call('ZADD', ids, 'NX', string.format('%d', now()), ARGV[i])
    redis.call('HSETNX', events, ARGV[i], ARGV[i + 1])
  end
  local waiting = redis.call('ZCARD', ids)
  local dropped = waiting - most
  if dropped <= 0 then return {waiting, 0} end
  for _, id in ipairs(redis.call('ZRANGE', ids, 0, dropped - 1)) do
    redis.call('ZREM', ids, id)
    redis.call('HDEL', events, id)
  end
  return {most, dropped}
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
redis.call('SET', KEYS[3], ARGV[3])
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

# Another run_id than a memory was stored by means that Redis has failed over or started
# again, and may have lost its last second. Where INFO is not allowed, nobody can tell.
BEGIN = (
    _NOW
    + """
local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] then return {0} end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
return {1, redis.call('GET', KEYS[2]) or '', string.format('%d', now()), server}
"""
)

STORE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""

# An evaluation that lost its lease does not know what the new holder did: it deletes
# the memory, so that the next evaluation reads the formation again.
FINISH = (
    _NOW
    + _APPEND
    + """
local holder = redis.call('GET', KEYS[1])
local at = string.format('%d', now())
redis.call('SET', KEYS[11], at)
if ARGV[10] == '1' then redis.call('SET', KEYS[6], at) end
local backlog = append(KEYS[7], KEYS[8], tonumber(ARGV[8]), 13)
redis.call('ZADD', KEYS[9], at, ARGV[5])
redis.call('HINCRBY', KEYS[14], 'polls', 1)
if ARGV[12] ~= '0' then redis.call('HINCRBY', KEYS[14], 'changes', ARGV[12]) end
if holder == ARGV[1] then
  redis.call('DEL', KEYS[1])
  if ARGV[11] ~= '' then
    redis.call('ZADD', KEYS[12], 'NX', at, ARGV[5])
    redis.call('HSET', KEYS[13], ARGV[5], ARGV[11])
  else
    redis.call('ZREM', KEYS[12], ARGV[5])
    redis.call('HDEL', KEYS[13], ARGV[5])
  end
end
if ARGV[2] == '' then return backlog end
if holder ~= ARGV[1] then
  redis.call('DEL', KEYS[2])
  return backlog
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
if ARGV[9] ~= '0' then
  redis.call('ZADD', KEYS[10], ARGV[9], ARGV[5])
else
  redis.call('ZREM', KEYS[10], ARGV[5])
end
return backlog
"""
)

# Moves the events that an older version kept in a memory to the outbox.
MOVE_EVENTS = (
    _NOW
    + _APPEND
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return append(KEYS[3], KEYS[4], tonumber(ARGV[4]), 5)
"""
)

# An event that this version cannot read goes to the back, where it keeps nothing
# waiting until another version takes it.
SEND_BACK = (
    _NOW
    + """
for _, id in ipairs(ARGV) do
  redis.call('ZADD', KEYS[1], 'XX', string.format('%d', now()), id)
end
"""
)

# Of the apps that are held, and of those that wait, the first ones are returned,
# ARGV[2] at most. Held or waiting for long is for more than ARGV[1] ms.
HEARTBEATS = (
    _NOW
    + """
local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
local oldest = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')
local long_ago = string.format('(%d', now() - ARGV[1])
local held = redis.call('ZRANGE', KEYS[8], 0, ARGV[2] - 1, 'WITHSCORES')
local reasons = {}
for i = 1, #held, 2 do
  reasons[#reasons + 1] = redis.call('HGET', KEYS[9], held[i]) or ''
end
return {
  string.format('%d', now()), redis.call('GET', KEYS[1]) or '',
  redis.call('GET', KEYS[2]) or '', redis.call('ZCARD', KEYS[3]), first[2] or '',
  oldest[2] or '',
  redis.call('ZCOUNT', KEYS[5], string.format('%d', now()), '+inf'),
  redis.call('GET', KEYS[6]) or '', redis.call('ZCARD', KEYS[4]),
  redis.call('ZCOUNT', KEYS[3], '-inf', long_ago),
  redis.call('ZRANGE', KEYS[3], 0, ARGV[2] - 1),
  redis.call('ZCARD', KEYS[8]), redis.call('ZCOUNT', KEYS[8], '-inf', long_ago),
  held, reasons, redis.call('GET', KEYS[7]) or '',
}
"""
)

TALLY = """
local counts = redis.call('HMGET', KEYS[1], 'polls', 'changes')
redis.call('DEL', KEYS[1])
return {counts[1] or '0', counts[2] or '0'}
"""

# A rest that ends more than an hour ahead comes from another clock; ignore it.
STANDING = (
    _NOW
    + """
local at = now()
local polled = redis.call('ZMSCORE', KEYS[1], unpack(ARGV, 2))
local slow = redis.call('SMISMEMBER', KEYS[2], unpack(ARGV, 2))
local rests = redis.call('ZMSCORE', KEYS[3], unpack(ARGV, 2))
local found = {}
for i = 1, #ARGV - 1 do
  if not polled[i] then
    redis.call('ZADD', KEYS[1], string.format('%d', at), ARGV[i + 1])
  end
  local since = math.min(tonumber(polled[i] or at), at)
  local rest = tonumber(rests[i] or 0)
  local is_slow = slow[i] == 1 and at - since <= tonumber(ARGV[1])
  if rest - at > 3600000 then rest = 0 end
  if is_slow or rest > at then
    found[#found + 1] = {i - 1, at - math.max(since, rest), is_slow and 1 or 0}
  end
end
return found
"""
)
