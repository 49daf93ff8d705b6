"""The script that reads an app's messages in Redis at one moment.

It returns no bodies: they may be large, and are needed only of old messages that have
everything in their body. A list's oldest messages are returned in full. Of the
others only those with an ETA or an expiry are, and each is read once: the caller
remembers how many of the newest it knows (`celery_lists`). So a look costs the
same however many messages wait.
"""

#: KEYS: the lists, the hash and the index of unacknowledged messages, the workers
#: that joined remote control, the notes.
#: ARGV: most messages and bytes of a list's oldest ones, most others to read, most
#: tags, then for each list the tag of its newest known message and the number of
#: known ones, then tags whose messages are wanted.
#: Returns the time, the notes, the number of workers that joined, the number of
#: unacknowledged messages, their tags, the wanted messages (empty for a tag without
#: one, "-" for one that is gone); then for each list its
#: length, its oldest messages (the oldest first), its newest tag, the number of new
#: messages (-1 if the newest known one is gone), the number of known ones, and the
#: special ones among them with their places.
LOOK = r"""
local most, bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local left, most_tags = tonumber(ARGV[3]), tonumber(ARGV[4])
local room = 16 * bytes
local lists, result = #KEYS - 4, {}

local function without_body(text)
    local _, start = string.find(text, '"body": ?"')
    local stop = start and string.find(text, '"', start + 1, true)
    if stop and string.sub(text, stop - 1, stop - 1) ~= '\\'
            and (stop - start > 20000 or string.find(text, '"eta": ?[n"]')) then
        return string.sub(text, 1, start) .. string.sub(text, stop)
    end
    return text
end

local function is_special(text)
    return not (string.find(text, '"eta": null', 1, true)
        and string.find(text, '"expires": null', 1, true))
end

local function tag_of(text)
    return string.match(text, '"delivery_tag": ?"([^"]*)"') or ''
end

local function read_list(key, newest, known)
    local length, read, found = redis.call('LLEN', key), 0, {}
    while #found < math.min(most, length) and read < bytes do
        local first = math.min(#found + math.min(most, 100), most, length)
        local messages = redis.call('LRANGE', key, -first, -1 - #found)
        for j = #messages, 1, -1 do
            read = read + #messages[j]
            found[#found + 1] = without_body(messages[j])
        end
    end
    local top, new, base, special = '', -1, 0, {}
    local stop = length - #found
    local function note(text)
        if is_special(text) then
            special[#special + 1] = base
            special[#special + 1] = without_body(text)
            left = left - 2
        end
        base, left, room = base + 1, left - 1, room - #text
    end
    if stop > 0 then
        top = tag_of(redis.call('LINDEX', key, 0))
        while newest ~= '' and new < 0 and base < stop and left > 0 and room > 0 do
            local last = math.min(base + (base == 0 and 1 or 100), stop)
            for _, text in ipairs(redis.call('LRANGE', key, base, last - 1)) do
                if tag_of(text) == newest then
                    new = base
                    break
                end
                note(text)
            end
        end
        if new >= 0 then
            base = math.min(new + known, stop)
        end
        while base < stop and left > 0 and room > 0 do
            local last = math.min(base + 100, stop)
            for _, text in ipairs(redis.call('LRANGE', key, base, last - 1)) do
                note(text)
            end
        end
    end
    for _, part in ipairs({length, found, top, new, base, special}) do
        result[#result + 1] = part
    end
end

result[1] = redis.call('TIME')
result[2] = redis.call('HGETALL', KEYS[#KEYS])
result[3] = redis.call('SCARD', KEYS[#KEYS - 1])
result[4] = redis.call('ZCARD', KEYS[#KEYS - 2])
result[5] = redis.call('ZRANGE', KEYS[#KEYS - 2], 0, most_tags - 1)
local wanted = {}
for i = 5 + 2 * lists, #ARGV do
    local text = redis.call('HGET', KEYS[#KEYS - 3], ARGV[i])
    local is_listed = text or redis.call('ZSCORE', KEYS[#KEYS - 2], ARGV[i])
    wanted[#wanted + 1] = ARGV[i]
    wanted[#wanted + 1] = text and without_body(text) or (is_listed and '' or '-')
    room = room - (text and #text or 0)
    if room < 0 then
        break
    end
end
result[6] = wanted
for i = 1, lists do
    read_list(KEYS[i], ARGV[3 + 2 * i], tonumber(ARGV[4 + 2 * i]))
end
return result
"""
