
-- The entry. REQUEST and REPLY say what each side sends: the structure at the top, what is passed to
-- it, and how frames are found, if the definition says so.

-- The side that sent a packet: the server's port is the one that this dissector was chosen by.
local function side_of(pinfo)
  if pinfo.match_uint == pinfo.src_port and pinfo.src_port ~= pinfo.dst_port then return REPLY end
  return REQUEST
end

-- The frame at `offset`: its length, and the stream of its message. Without a length more is needed.
local function framed(tvb, offset, side, can_wait)
  local left = tvb:len() - offset
  local total = side.frame(raw(tvb, offset, math.min(left, MAX_FRAME)))
  if total and total > MAX_FRAME then fail("validation", "a frame has at most " .. MAX_FRAME .. " bytes") end
  if total and total <= 0 then fail("validation", "a frame has at least one byte") end
  if not total or total > left then
    if can_wait then return nil, total and total - left end
    total = left
  end
  if side.marks then
    local inside, from, to = unescaped(tvb, offset, total, side.marks[1], side.marks[2], side.escapes)
    return total, stream(inside, from, to)
  end
  return total, stream(tvb, offset, offset + total)
end

local function named(side, o)
  if not side.operation then return nil end
  local good, operation = pcall(side.operation, o)
  if not good then return nil end
  return side.labels and side.labels[operation] or text(operation)
end

-- Requests whose replies are read with something of them, by conversation, and what was found for
-- replies, by packet and place: packets may be looked at again, and not in their order.
local waiting, found = {}, {}

function proto.init()
  waiting, found = {}, {}
end

local function conversation(pinfo)
  local a = tostring(pinfo.src) .. " " .. pinfo.src_port
  local b = tostring(pinfo.dst) .. " " .. pinfo.dst_port
  local key = a < b and a .. " " .. b or b .. " " .. a
  waiting[key] = waiting[key] or {}
  return waiting[key]
end

local function id_of(side, o)
  local good, id = pcall(side.id, o)
  return good and id or ""
end

local function note(pinfo, o)
  if not REPLY.arguments_of or pinfo.visited then return end
  local good, arguments = pcall(REPLY.arguments_of, o)
  if not good then return end
  local requests = conversation(pinfo)
  if #requests >= 1024 then table.remove(requests, 1) end
  requests[#requests + 1] = { id = id_of(REQUEST, o), arguments = arguments }
end

-- The side with what a reply is read with: that of the oldest request that it can be the reply to.
local function answering(pinfo, offset, s)
  local place = pinfo.number .. " " .. offset
  if not found[place] then
    local requests = conversation(pinfo)
    for at, request in ipairs(requests) do
      local side = setmetatable({ arguments = request.arguments }, { __index = REPLY })
      local probe = stream(s.tvb, s.start, s.stop)
      local good, o = pcall(message, probe, nil, side)
      if good and probe.pos == probe.stop and id_of(REPLY, o) == request.id then
        found[place] = side
        table.remove(requests, at)
        break
      end
    end
  end
  return found[place]
end

-- Shows a message that ends with its frame.
local function show_framed(tvb, pinfo, offset, total, s, side, tree)
  local item = tree:add(proto, tvb(offset, total))
  if side.arguments_of then
    side = answering(pinfo, offset, s)
    if not side then
      complain(item, "a reply that is read with its request, which was not captured")
      return nil
    end
  end
  local good, result = pcall(message, s, item, side)
  if not good then
    complain(item, said(result))
    return nil
  end
  if s.pos < s.stop then complain(item, s.stop - s.pos .. " bytes that nothing reads") end
  if side == REQUEST then note(pinfo, result) end
  local name = named(side, result)
  if name then item:append_text(", " .. name) end
  return name
end

local function wait(pinfo, offset, missing)
  pinfo.desegment_offset = offset
  pinfo.desegment_len = missing or DESEGMENT_ONE_MORE_SEGMENT
end

local function by_frames(tvb, pinfo, tree, side)
  local offset, whole, names = 0, tvb:len(), {}
  while offset < whole do
    local good, total, s = pcall(framed, tvb, offset, side, pinfo.can_desegment > 0)
    if not good then
      complain(tree:add(proto, tvb(offset)), said(total))
      break
    end
    if not total then
      wait(pinfo, offset, s)
      break
    end
    names[#names + 1] = show_framed(tvb, pinfo, offset, total, s, side, tree)
    offset = offset + total
  end
  if #names > 0 then pinfo.cols.info:set(table.concat(names, ", ")) end
end

-- Where nothing says how frames are found, a message ends where its last field does.
local function by_messages(tvb, pinfo, tree, side)
  local offset, whole = 0, tvb:len()
  while offset < whole do
    local function fresh()
      local s = stream(tvb, offset, whole)
      s.whole = true
      return s
    end
    local probe = fresh()
    local good, problem = pcall(message, probe, nil, side)
    if not good and type(problem) == "table" and problem.whole and pinfo.can_desegment > 0 then
      return wait(pinfo, offset)
    end
    local next = good and probe.pos or whole
    local item = tree:add(proto, tvb(offset, next - offset))
    local shown = pcall(message, fresh(), item, side)
    if not (good and shown) then complain(item, said(problem)) end
    if next == offset then break end
    offset = next
  end
end

function proto.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol:set(NAME:upper())
  local side = side_of(pinfo)
  if side.frame then
    by_frames(tvb, pinfo, tree, side)
  else
    by_messages(tvb, pinfo, tree, side)
  end
  return tvb:len()
end

