
-- Where frames end. Each function takes the bytes from a frame's beginning on, and gives its length,
-- or nothing if more are needed to tell.

local function number_at(buf, at, kind, width)
  local n = 0
  if kind == "varint" then
    for index = 0, 9 do
      local byte = buf:byte(at + index + 1)
      if not byte then return nil end
      n = n + byte % 128 * 128 ^ index
      if byte < 128 then return n, at + index + 1 end
    end
    fail("validation", "the length has no end")
  end
  if #buf < at + width then return nil end
  local bytes = buf:sub(at + 1, at + width)
  if kind == "le" then bytes = bytes:reverse() end
  if kind == "ascii" then
    if bytes:find("%D") then fail("validation", "the length is no number") end
    n = tonumber(bytes)
  else
    for index = 1, width do
      local byte = bytes:byte(index)
      if kind == "bcd" then
        n = n * 100 + math.floor(byte / 16) * 10 + byte % 16
      else
        n = n * 256 + byte
      end
    end
  end
  return n, at + width
end

local function by_length(spec)
  return function(buf)
    local at = spec.at
    if spec.after then
      local _, stop = buf:find(spec.after, 1, true)
      if not stop then return nil end
      at = stop
    end
    local n, stop
    if spec.until_ then
      local start, last = buf:find(spec.until_, at + 1, true)
      if not start then return nil end
      n, stop = number_at(buf, at, "ascii", start - 1 - at), last
    else
      n, stop = number_at(buf, at, spec.kind, spec.width)
    end
    if not n then return nil end
    return n + spec.add + (spec.rest and stop or 0)
  end
end

local function by_parts(prefix, parts)
  return function(buf)
    if #buf < prefix then return nil end
    local total = prefix
    for _, part in ipairs(parts) do
      total = total + part.plus
      for _, term in ipairs(part) do
        total = total + (number_at(buf, term.at, term.kind, term.width) or 0) * term.times
      end
    end
    return total
  end
end

local function by_marks(start, stop)
  return function(buf)
    if buf:sub(1, #start) ~= start:sub(1, #buf) then
      fail("validation", "the bytes are not those that begin each frame")
    end
    local _, last = buf:find(stop, #start + 1, true)
    return last
  end
end

-- The message between marks, with the escapes taken back.
local function unescaped(tvb, offset, total, start, stop, escapes)
  local from, n = offset + #start, total - #start - #stop
  if #escapes == 0 then return tvb, from, from + n end
  local buf, all, at = raw(tvb, from, n), {}, 1
  while at <= #buf do
    local taken = false
    for _, escape in ipairs(escapes) do
      if buf:sub(at, at + #escape[2] - 1) == escape[2] then
        all[#all + 1], at, taken = escape[1], at + #escape[2], true
        break
      end
    end
    if not taken then all[#all + 1], at = buf:sub(at, at), at + 1 end
  end
  local message = table.concat(all)
  if #message == 0 then return tvb, from, from end
  return ByteArray.new(message, true):tvb("unescaped"), 0, #message
end
