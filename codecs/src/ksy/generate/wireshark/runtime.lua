-- What all dissectors need: streams, cuts, numbers beyond 32 bits, lists.
-- A value is a number, a UInt64 or Int64 beyond 2^53, a boolean, a string (text and bytes), a list
-- ({n = …}), a structure or ABSENT. A field without a value yet is nil.

local ABSENT = {}
local MAX_DEPTH, MAX_ELEMENTS = 64, 100000
local EXACT = 2 ^ 53
local invalid = ProtoExpert.new(NAME .. ".invalid", "Not as the protocol says", expert.group.MALFORMED, expert.severity.WARN)
local counted, depth, objects = 0, 0, {}

local function fail(kind, message)
  error({ kind = kind, message = message }, 0)
end

local function said(problem)
  if type(problem) == "table" then return problem.message end
  return tostring(problem)
end

local function count_one()
  counted = counted + 1
  if counted > MAX_ELEMENTS then fail("other", "more than " .. MAX_ELEMENTS .. " elements") end
end

-- Streams: a stretch of a Tvb and a place to read on from, in bytes and bits.

local function stream(tvb, start, stop)
  return { tvb = tvb, start = start, pos = start, stop = stop, left = 0, little = false }
end

local function ended(s, n)
  error({
    kind = "eof", whole = s.whole,
    message = n .. " bytes are needed, and " .. math.max(s.stop - s.pos, 0) .. " are left",
  }, 0)
end

local function take(s, n)
  s.left = 0
  if n < 0 then fail("other", "a size is negative") end
  local at = s.pos
  if at + n > s.stop then ended(s, n) end
  s.pos = at + n
  return at
end

local function raw(tvb, at, n)
  if n == 0 then return "" end
  return tvb:raw(at, n)
end

local function range(tvb, at, n)
  return tvb(at, n)
end

local function position(s) return s.pos - s.start end
local function size_of(s) return s.stop - s.start end
local function at_end(s) return s.pos >= s.stop and s.left == 0 end

-- Numbers.

local function num(x)
  if type(x) == "userdata" then fail("other", "numbers beyond 2^53 cannot be computed with here") end
  if type(x) ~= "number" then fail("other", "a number is needed, and the value is absent or another") end
  return x
end

local function exact(x)
  if x > EXACT or x < -EXACT then fail("other", "numbers beyond 2^53 cannot be computed with here") end
  return x
end

local function mul(a, b) return exact(a * b) end
local function div(a, b)
  if b == 0 then fail("other", "division by zero") end
  return math.floor(a / b)
end
local function quotient(a, b)
  if b == 0 then fail("other", "division by zero") end
  return a / b
end
local function rem(a, b)
  if b == 0 then fail("other", "division by zero") end
  return a - b * math.floor(a / b)
end

-- The library for bits has 32 of them; halves are put together as two's complement.
local function by_halves(op, a, b)
  local function halves(x) return math.floor(x / 2 ^ 32) % 2 ^ 32, x % 2 ^ 32 end
  local a_high, a_low = halves(a)
  local b_high, b_low = halves(b)
  local high, low = op(a_high, b_high), op(a_low, b_low)
  if high >= 2 ^ 31 then high = high - 2 ^ 32 end
  return high * 2 ^ 32 + low
end
local function band(a, b) return by_halves(bit32.band, a, b) end
local function bor(a, b) return by_halves(bit32.bor, a, b) end
local function bxor(a, b) return by_halves(bit32.bxor, a, b) end
local function shl(a, n) return exact(a * 2 ^ n) end
local function shr(a, n) return math.floor(a / 2 ^ n) end

local function less(a, b)
  if type(a) == "number" or #a == 0 or #b == 0 then
    if type(a) == "number" then return a < b end
    return #a < #b
  end
  -- Not `<`: that one asks the locale.
  for at = 1, math.min(#a, #b) do
    local x, y = a:byte(at), b:byte(at)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local function truth(x)
  if type(x) ~= "boolean" then fail("other", "a truth value is needed, and the value is absent or another") end
  return x
end

-- Text and lists.

local function text(x)
  if type(x) == "boolean" then return tostring(x) end
  if type(x) == "number" and x == math.floor(x) and math.abs(x) < EXACT then return string.format("%.0f", x) end
  return tostring(x)
end

local function characters(s)
  local all = {}
  for character in s:gmatch("[%z\1-\127\192-\255][\128-\191]*") do all[#all + 1] = character end
  return all
end
local function length(s) return #characters(s) end
local function reverse(s)
  local all, turned = characters(s), {}
  for at = #all, 1, -1 do turned[#turned + 1] = all[at] end
  return table.concat(turned)
end
local function substring(s, from, to)
  local all = characters(s)
  if from < 0 or to < from or to > #all then fail("other", "the text has no such part") end
  return table.concat(all, "", from + 1, to)
end

local function to_i(x, radix)
  if type(x) == "boolean" then return x and 1 or 0 end
  if type(x) == "number" then return x < 0 and math.ceil(x) or math.floor(x) end
  local sign, digits = tostring(x):match("^([+-]?)(%w+)$")
  local n = digits and tonumber(digits, radix or 10)
  if not n then fail("conversion", "the text is not a number") end
  return exact(sign == "-" and -n or n)
end

local function count(x)
  if type(x) == "string" then return #x end
  if type(x) ~= "table" or not x.n then fail("other", "a list is needed, and the value is absent or another") end
  return x.n
end
local function at(x, index)
  local n = count(x)
  if index < 0 or index >= n then fail("other", "there is no element of that index") end
  if type(x) == "string" then return x:byte(index + 1) end
  return x[index + 1]
end
local function first(x) return at(x, 0) end
local function last(x) return at(x, count(x) - 1) end
local function extreme(x, better)
  local best = first(x)
  for index = 1, count(x) - 1 do
    local candidate = at(x, index)
    if better(candidate, best) then best = candidate end
  end
  return best
end
local function min(x) return extreme(x, less) end
local function max(x) return extreme(x, function(a, b) return less(b, a) end) end

-- Structures.

local function structure(o)
  if type(o) ~= "table" or not o._type then fail("other", "a structure is needed, and the value is absent or another") end
  return o
end
local function parent(o) return structure(structure(o)._parent) end
local function cast(o, ty)
  if structure(o)._type ~= ty then fail("conversion", "the structure is of another type than it is taken for") end
  return o
end

local member

local function get(o, slot)
  local value = structure(o)[slot]
  if value == nil then
    local field = o._type.instances[slot]
    if not field then fail("other", "a field is used before it is read") end
    if o._busy[slot] then fail("other", "a value depends on itself") end
    o._busy[slot] = true
    local good, problem = pcall(member, o, field)
    o._busy[slot] = nil
    if not good then error(problem, 0) end
    value = o[slot]
  end
  if value == ABSENT then fail("other", "a field is used that is absent") end
  return value
end

-- What is shown. `tree` is nil while it is only found out whether a message is whole.

local function show(tree, field, at, value, little)
  if not tree then return end
  if value ~= nil then return tree:add(field, at, value) end
  if little then return tree:add_le(field, at) end
  return tree:add(field, at)
end

local function complain(tree, message)
  if tree then tree:add_proto_expert_info(invalid, message) end
end

-- Forms. Each reads one element from `s`, shows it and gives its value.

local function order(o)
  if o._little == nil then fail("endian", "nothing decides in which order the bytes of numbers stand") end
  return o._little
end

local function small(x)
  local n = x:tonumber()
  if n > EXACT or n < -EXACT then return x end
  return n
end

local function int(s, tree, field, width, signed, little)
  local r = range(s.tvb, take(s, width), width)
  show(tree, field, r, nil, little)
  if width == 8 then
    if signed then return small(little and r:le_int64() or r:int64()) end
    return small(little and r:le_uint64() or r:uint64())
  end
  if signed then return little and r:le_int() or r:int() end
  return little and r:le_uint() or r:uint()
end

local function float(s, tree, field, width, little)
  local r = range(s.tvb, take(s, width), width)
  show(tree, field, r, nil, little)
  return little and r:le_float() or r:float()
end

local function bits(s, tree, field, width, little, is_truth)
  if s.left > 0 and s.little ~= little then s.left = 0 end
  s.little = little
  local missing = math.ceil(math.max(width - s.left, 0) / 8)
  if s.pos + missing > s.stop then ended(s, missing) end
  local start = s.left > 0 and s.pos - 1 or s.pos
  local value, got = 0, 0
  while got < width do
    if s.left == 0 then s.pos, s.left = s.pos + 1, 8 end
    local byte = range(s.tvb, s.pos - 1, 1):uint()
    local n = math.min(s.left, width - got)
    if little then
      value = value + math.floor(byte / 2 ^ (8 - s.left)) % 2 ^ n * 2 ^ got
    else
      value = value * 2 ^ n + math.floor(byte / 2 ^ (s.left - n)) % 2 ^ n
    end
    s.left, got = s.left - n, got + n
  end
  local shown = value
  if is_truth then value = value ~= 0 shown = value elseif width > 32 then shown = UInt64.new(value % 2 ^ 32, math.floor(value / 2 ^ 32)) end
  show(tree, field, range(s.tvb, start, s.pos - start), shown)
  return value
end

local function contents(s, tree, field, expected)
  local at = take(s, #expected)
  if raw(s.tvb, at, #expected) ~= expected then fail("validation", "the bytes are not those that always stand here") end
  show(tree, field, range(s.tvb, at, #expected))
  return expected
end

local function find(bytes, what, unit)
  local from = 1
  while true do
    local found = bytes:find(what, from, true)
    if not found then return nil end
    if (found - 1) % unit == 0 then return found - 1 end
    from = found + 1
  end
end

local function trimmed(bytes, cut)
  local kept = #bytes
  if cut.pad and cut.terminator ~= string.char(cut.pad) then
    while kept > 0 and bytes:byte(kept) == cut.pad do kept = kept - 1 end
  end
  local found = cut.terminator and find(bytes:sub(1, kept), cut.terminator, cut.unit)
  if not found then return kept end
  return cut.include and found + #cut.terminator or found
end

local function rotated(bytes, by)
  by = by % 8
  return (bytes:gsub(".", function(c)
    local x = c:byte() * 2 ^ by
    return string.char(x % 256 + math.floor(x / 256))
  end))
end

local function xored(bytes, key)
  if type(key) == "number" then key = string.char(key % 256) end
  if #key == 0 then fail("other", "the key has no bytes") end
  local all = {}
  for at = 1, #bytes do
    all[at] = string.char(bit32.bxor(bytes:byte(at), key:byte((at - 1) % #key + 1)))
  end
  return table.concat(all)
end

-- The bytes of a field: the Tvb, where in it, how many of them, and the range that they took.
local function cut_out(s, cut, size)
  local tvb, from, n = s.tvb, s.pos, nil
  if cut.size == "terminated" then
    s.left = 0
    from = s.pos
    local rest = raw(tvb, from, math.max(s.stop - from, 0))
    local found = find(rest, cut.terminator, cut.unit)
    if found then
      n = cut.include and found + #cut.terminator or found
      s.pos = from + (cut.consume and found + #cut.terminator or found)
    elseif cut.eos_error then
      ended(s, #rest + #cut.terminator)
    else
      n, s.pos = #rest, s.stop
    end
  else
    size = cut.size == "eos" and math.max(s.stop - s.pos, 0) or size
    from = take(s, size)
    n = trimmed(raw(tvb, from, size), cut)
  end
  local taken = range(tvb, from, s.pos - from)
  if not cut.process or n == 0 then return tvb, from, n, taken end
  local processed
  if cut.process == "zlib" then
    processed = range(tvb, from, n):uncompress("inflated")
    if not processed then fail("conversion", "the bytes are not zlib's") end
    processed = processed:tvb()
  else
    local result = cut.process == "xor" and xored(raw(tvb, from, n), cut.key) or rotated(raw(tvb, from, n), cut.key)
    processed = ByteArray.new(result, true):tvb("processed")
  end
  return processed, 0, processed:len(), taken
end

local function bytes(s, tree, field, cut, size)
  local tvb, at, n = cut_out(s, cut, size)
  show(tree, field, range(tvb, at, n))
  return raw(tvb, at, n)
end

local function string_of(s, tree, field, cut, size, encoding)
  local tvb, at, n, taken = cut_out(s, cut, size)
  local value = raw(tvb, at, n)
  if encoding and n > 0 then value = range(tvb, at, n):string(encoding) end
  show(tree, field, taken, value)
  return value
end

local function inner(o, s, tree, name, ty, arguments, around, cut, size)
  local tvb, start, stop, taken = s.tvb, s.pos, nil, nil
  if cut then
    local n
    tvb, start, n, taken = cut_out(s, cut, size)
    s = stream(tvb, start, start + n)
  else
    s.left = 0
  end
  count_one()
  local made = { _type = ty, _io = s, _busy = {} }
  made._root = around.foreign and made or o._root
  if not around.foreign then made._parent = around.parent end
  for slot, argument in ipairs(arguments) do made[slot] = argument end
  if tree then
    made._tree = tree:add(taken or range(tvb, start, 0), name .. ": " .. ty.name)
    objects[#objects + 1] = made
  end
  return made, not cut and start or nil
end

-- Reads the fields of a structure.
local function fill(o, start)
  depth = depth + 1
  if depth > MAX_DEPTH then fail("other", "structures nest more than " .. MAX_DEPTH .. " deep") end
  o._little = o._type.little(o)
  for _, field in ipairs(o._type.fields) do member(o, field) end
  depth = depth - 1
  if o._tree and start then o._tree:set_len(o._io.pos - start) end
  return o
end

-- A value that is computed rather than read.
local function computed(tree, field, value)
  if tree and field and type(value) ~= "table" then
    local shown = value
    if type(value) == "string" and field.bytes then
      shown = (value:gsub(".", function(c) return string.format("%02x", c:byte()) end))
    elseif field.wide and type(value) == "number" then
      shown = Int64.new(value % 2 ^ 32, math.floor(value / 2 ^ 32))
    end
    tree:add(field.is, shown):set_generated()
  end
  return value
end

local function judge(o, field, value, index, tree)
  if not field.valid then return end
  if not field.valid(o, index, value) then complain(tree, field.name .. " is not valid") end
end

local function repeated(o, field, s, tree)
  local list = { n = 0 }
  o[field.slot] = list
  local all = tree and tree:add(range(s.tvb, math.min(s.pos, s.tvb:len()), 0), field.name)
  local start = s.pos
  local wanted = field.count and field.count(o)
  while true do
    local index = list.n
    if wanted then
      if index >= wanted then break end
    elseif not field.until_ and at_end(s) then
      break
    end
    count_one()
    list.n = index + 1
    local value = field.read(o, index, s, all, "[" .. index .. "]", function(value) list[index + 1] = value end)
    list[index + 1] = value
    judge(o, field, value, index, all)
    if field.until_ and field.until_(o, index, value) then break end
  end
  if all then
    all:set_len(math.max(s.pos - start, 0))
    all:append_text(": " .. list.n .. " elements")
  end
end

function member(o, field)
  if field.condition and not field.condition(o) then
    o[field.slot] = ABSENT
    return
  end
  local s = field.io and field.io(o) or o._io
  local pos, left, little = s.pos, s.left, s.little
  if field.pos then s.pos, s.left = s.start + field.pos(o), 0 end
  if field.repeated then
    repeated(o, field, s, o._tree)
  else
    local value = field.read(o, 0, s, o._tree, field.name, function(value) o[field.slot] = value end)
    o[field.slot] = value
    judge(o, field, value, 0, o._tree)
  end
  if field.pos or field.io then s.pos, s.left, s.little = pos, left, little end
end

-- A whole message, shown if there is a tree.
local function message(s, tree, side)
  counted, depth, objects = 0, 0, {}
  local o = { _type = side.root, _io = s, _busy = {}, _tree = tree }
  for slot, argument in ipairs(side.arguments) do o[slot] = argument end
  o._root = o
  objects[1] = o
  fill(o)
  if not tree then return o end
  local at = 1
  while objects[at] do
    local made = objects[at]
    for slot, field in pairs(made._type.instances) do
      if made[slot] == nil then
        local good, problem = pcall(get, made, slot)
        if not good and made[slot] ~= ABSENT then
          made._tree:add(field.name .. ": " .. said(problem)):set_generated()
        end
      end
    end
    at = at + 1
  end
  return o
end
