
/*
 * Copyright (C) nginx rooms contributors
 *
 * The keys of a zone; T is "{PREFIX:NAME}", so that all of them are in one
 * slot of a cluster:
 *
 *     T:z         hash    epoch, id (the last given), beat (when, ms), run
 *                         (of the server), floor (its first id), probe (no
 *                         more than that it can be written)
 *     T:zn        set     workers that the server of this run has heard
 *     T:r:ROOM    hash    last, live, base (the last id before it lived),
 *                         snap (the id of state), state, size (of what came
 *                         after state, less what may), keys
 *     T:s:ROOM    stream  d: what was published (rooms_bus.h), by the last
 *                         of its ids
 *     T:due       zset    live rooms by deadline
 *     T:owners    zset    workers by when their lease ends
 *     T:m:OWNER   set     sids of a worker
 *     T:away      zset    sids that may be recovered, by until when (ms)
 *     T:@:SID     hash    o (owner, 0: away), d (the record), e (epoch), t (its
 *                         end is being told), v (revoked)
 *
 * An id is a multiple of 8, see ROOMS_MESSAGE_IDS.
 *
 * Numbers are written with %d or %.0f, since Lua's own form loses digits.
 */


#include <ngx_http_rooms_redis_script.h>


/* Leases, deadlines and what gives memory back: also where there is none. */

#define NGX_HTTP_ROOMS_SCRIPT_FULL  "#!lua flags=allow-oom\n"


const char  *const ngx_http_rooms_redis_scripts[] = {

    /*
     * append; KEYS z due, for each part r s, then KEY...
     * ARGV epoch token history parts own until, for each part: kind room
     *      expected deadline ttl n RECORDS, and for each KEY: type, number of
     *      words, WORD...
     *
     * The kinds of parts: c, a room that must not live, and does now; l, one
     * that lives; r, one that ends; m, messages only; d, one that ends if it
     * lives.  own is the part whose keys the others are; 0: none.  Expected is
     * the last id, -ID of one that did not live then, or *: whatever it is.
     *
     * In a cluster, keys that were written before may be on another node while
     * the slot moves: that is asked before anything is written.
     *
     * Without memory the first thing that takes some is refused, and a script
     * that has written goes on: so a room may end, for it gives memory back.
     *
     * id, or 0 id 1: written with ids after this one, and a snapshot is wanted;
     * 1 last [RECORDS]: conflict, and what came after the id that was expected
     * where it is not too much; 2 epoch: another one; 3 part: it lives.
     *
     * A snapshot is wanted of one of those that append, where more than M
     * octets, or several times as many as it has, came after the last one.
     */

    "local c, K, A, f, M = redis.call, KEYS, ARGV, string.format, 16384\n"
    "local z = K[1]\n"
    "local function conflict(s, after, last)\n"
    "  local all, size = c('XRANGE', s, '(' .. after, '+', 'COUNT', 65), 0\n"
    "  for i = 1, #all do size = size + #all[i][2][2] end\n"
    "  if #all > 64 or size > 65536 then return {1, last} end\n"
    "  return {1, last, all}\n"
    "end\n"
    "local e = c('HGET', z, 'epoch')\n"
    "if e ~= A[1] then return {2, e or ''} end\n"
    "local due = K[2]\n"
    "local parts, own, total, was = A[4] + 0, A[5] + 0, 0, {}\n"
    "for i = 1, parts do\n"
    "  local a, r = 7 * i, K[1 + 2 * i]\n"
    "  local h, x = was[r], A[a + 2]\n"
    "  if not h then\n"
    "    h = c('HMGET', r, 'last', 'live', 'size')\n"
    "    was[r] = h\n"
    "  end\n"
    "  if A[a] == 'c' then\n"
    "    if h.taken or h[2] == '1' then return {3, i} end\n"
    "    h.taken = true\n"
    "  elseif x ~= '*' then\n"
    "    local last = h[1] or '0'\n"
    "    if string.byte(x) == 45 then\n"
    "      if h[2] == '1' then\n"
    "        return conflict(K[2 + 2 * i], string.sub(x, 2), last)\n"
    "      end\n"
    "    elseif x ~= last then\n"
    "      return conflict(K[2 + 2 * i], x, last)\n"
    "    end\n"
    "  end\n"
    "  total = total + A[a + 5]\n"
    "end\n"
    "local t, had = A[6], {}\n"
    "if own > 0 and t ~= '-' then\n"
    "  for k in string.gmatch(c('HGET', K[1 + 2 * own], 'keys') or '',\n"
    "                         '[^\\n]+') do had[#had + 1] = k end\n"
    "  if #had > 0 and type(redis.pcall('EXISTS', unpack(had))) == 'table'\n"
    "  then return redis.error_reply('TRYAGAIN keys of a room move') end\n"
    "end\n"
    "if own > 0 and A[7 * own] == 'r' then\n"
    "  c('ZREM', due, A[7 * own + 1])\n"
    "end\n"
    "local id = c('HINCRBY', z, 'id', 8 * total) - 8 * total\n"
    "local base, snapshot = id, false\n"
    "for i = 1, parts do\n"
    "  local a, r, s = 7 * i, K[1 + 2 * i], K[2 + 2 * i]\n"
    "  local h, kind, ttl = was[r], A[a], A[a + 4]\n"
    "  local last, live, records = h[1] or '0', h[2] == '1', A[a + 6]\n"
    "  local first = f('%d', id + 8)\n"
    "  id = id + 8 * A[a + 5]\n"
    "  if kind ~= 'd' or live then\n"
    "    local p = f('%d', id)\n"
    "    local text = A[1] .. ' ' .. last .. ' ' .. first .. ' ' .. A[2]\n"
    "                 .. '\\n' .. records\n"
    "    local lives = live or kind == 'l' or kind == 'c'\n"
    "    if lives then\n"
    "      c('XADD', s, p, 'd', text)\n"
    "    else\n"
    "      c('XADD', s, 'MAXLEN', '~', A[3], p, 'd', text)\n"
    "    end\n"
    "    if kind == 'r' or kind == 'd' then\n"
    "      c('HSET', r, 'last', p)\n"
    "      c('HDEL', r, 'live', 'snap', 'state', 'size')\n"
    "      c('ZREM', due, A[a + 1])\n"
    "      h[2], h[3] = false, false\n"
    "    elseif lives then\n"
    "      local size = (h[3] or -M) + #records\n"
    "      if size >= 0 and i == own then size, snapshot = -M, true end\n"
    "      size = f('%d', size)\n"
    "      if live then\n"
    "        c('HSET', r, 'last', p, 'size', size)\n"
    "      else\n"
    "        c('HSET', r, 'last', p, 'size', size, 'live', '1',\n"
    "          'base', last)\n"
    "      end\n"
    "      h[2], h[3] = '1', size\n"
    "      local deadline = A[a + 3]\n"
    "      if kind ~= 'm' then\n"
    "        if deadline == '0' or deadline == '-' and not live then\n"
    "          c('ZADD', due, '+inf', A[a + 1])\n"
    "        elseif deadline ~= '-' then\n"
    "          c('ZADD', due, deadline, A[a + 1])\n"
    "        end\n"
    "      end\n"
    "    else\n"
    "      c('HSET', r, 'last', p)\n"
    "    end\n"
    "    h[1] = p\n"
    "    if ttl == '0' then\n"
    "      c('PERSIST', r)\n"
    "      c('PERSIST', s)\n"
    "    elseif ttl ~= '-' and not (kind == 'm' and live) then\n"
    "      c('PEXPIRE', r, ttl)\n"
    "      c('PEXPIRE', s, ttl)\n"
    "    end\n"
    "    c('PUBLISH', r, text)\n"
    "  end\n"
    "end\n"
    "if own > 0 and t ~= '-' then\n"
    "  local r, names, a = K[1 + 2 * own], {}, 7 + 7 * parts\n"
    "  if t == 'k' then t = c('ZSCORE', due, A[7 * own + 1]) or '0' end\n"
    "  if #had > 0 then c('DEL', unpack(had)) end\n"
    "  for i = 3 + 2 * parts, #K do\n"
    "    local w = A[a + 1] + 0\n"
    "    c('DEL', K[i])\n"
    "    c(A[a], K[i], unpack(A, a + 2, a + 1 + w))\n"
    "    if t ~= 'inf' and t ~= '0' then\n"
    "      c('PEXPIREAT', K[i], f('%d', t))\n"
    "    end\n"
    "    names[#names + 1] = K[i]\n"
    "    a = a + 2 + w\n"
    "  end\n"
    "  if #names > 0 then\n"
    "    c('HSET', r, 'keys', table.concat(names, '\\n'))\n"
    "  else\n"
    "    c('HDEL', r, 'keys')\n"
    "  end\n"
    "end\n"
    "return snapshot and {0, base, 1} or base\n",

    /*
     * records; KEYS z due, for each room r s
     * ARGV epoch owner ttl history, for each room: expected 8n seq RECORDS, and
     *      where expected is =ID: room deadline ttl
     *
     * What is appended most: nothing but records, to rooms that live on, or
     * (expected: * or +) that do not live; + where these are trimmed and their
     * expiry is set.
     *
     * epoch: another one, nothing was written; or id: all were written with ids
     * after this one, in their order; or id [i ..] ..., where the i-th was not
     * written and has no ids (1 last [RECORDS]: conflict), was not written (2
     * error), or was, and a snapshot is wanted (0).
     */

    "local c, K, A, f, M = redis.call, KEYS, ARGV, string.format, 16384\n"
    "local z = K[1]\n"
    "local e = c('HGET', z, 'epoch')\n"
    "if e ~= A[1] then return {e or ''} end\n"
    "local was, lost, total, j = {}, {}, 0, 5\n"
    "for i = 3, #K, 2 do\n"
    "  local x, k = A[j], j\n"
    "  j = j + 4\n"
    "  if x == '*' or x == '+' then\n"
    "    total = total + A[k + 1]\n"
    "  else\n"
    "    if string.byte(x) == 61 then x, j = string.sub(x, 2), j + 3 end\n"
    "    local h = c('HMGET', K[i], 'last', 'size')\n"
    "    local last = h[1] or '0'\n"
    "    if last == x then\n"
    "      was[i], total = h, total + A[k + 1]\n"
    "    else\n"
    "      lost[i] = last\n"
    "    end\n"
    "  end\n"
    "end\n"
    "local base = 0\n"
    "if total > 0 then base = c('HINCRBY', z, 'id', total) - total end\n"
    "local head, tail = e .. ' ', ' ' .. A[2] .. ' '\n"
    "local id, out, left = base, {base}, 65536\n"
    "j = 5\n"
    "for i = 3, #K, 2 do\n"
    "  local r, s, x, h, last = K[i], K[i + 1], A[j], was[i], lost[i]\n"
    "  local k, n, due = j, (i - 1) / 2, false\n"
    "  j = j + 4\n"
    "  if (h or last) and string.byte(x) == 61 then\n"
    "    x, due, j = string.sub(x, 2), A[k + 5], j + 3\n"
    "  end\n"
    "  if last then\n"
    "    local all = c('XRANGE', s, '(' .. x, '+', 'COUNT', 65)\n"
    "    for m = 1, #all do left = left - #all[m][2][2] end\n"
    "    if #all > 64 or left < 0 then all = nil end\n"
    "    out[#out + 1] = {n, 1, last, all}\n"
    "  else\n"
    "    local records, first = A[k + 3], f('%d', id + 8)\n"
    "    id = id + A[k + 1]\n"
    "    local p = A[k + 1] == '8' and first or f('%d', id)\n"
    "    last = h and x or c('HGET', r, 'last') or '0'\n"
    "    local text = head .. last .. ' ' .. first .. tail .. A[k + 2]\n"
    "                 .. '\\n' .. records\n"
    "    local ok\n"
    "    if x == '+' then\n"
    "      ok = redis.pcall('XADD', s, 'MAXLEN', '~', A[4], p, 'd', text)\n"
    "    else\n"
    "      ok = redis.pcall('XADD', s, p, 'd', text)\n"
    "    end\n"
    "    if ok.err then\n"
    "      out[#out + 1] = {n, 2, ok.err}\n"
    "    else\n"
    "      if h then\n"
    "        local size = (h[2] or -M) + #records\n"
    "        if size >= 0 then\n"
    "          size, out[#out + 1] = -M, {n, 0}\n"
    "        end\n"
    "        c('HSET', r, 'last', p, 'size', f('%d', size))\n"
    "        if due then\n"
    "          c('ZADD', K[2], due == '0' and '+inf' or due, A[k + 4])\n"
    "          if A[k + 6] == '0' then\n"
    "            c('PERSIST', r)\n"
    "            c('PERSIST', s)\n"
    "          else\n"
    "            c('PEXPIRE', r, A[k + 6])\n"
    "            c('PEXPIRE', s, A[k + 6])\n"
    "          end\n"
    "        end\n"
    "      else\n"
    "        c('HSET', r, 'last', p)\n"
    "        if x == '+' or last == '0' then\n"
    "          c('PEXPIRE', r, A[3])\n"
    "          c('PEXPIRE', s, A[3])\n"
    "        end\n"
    "      end\n"
    "      c('PUBLISH', r, text)\n"
    "    end\n"
    "  end\n"
    "end\n"
    "return #out > 1 and out or base\n",

    /* load; KEYS z r s; epoch last live snap state RECORDS */

    "local e = redis.call('HGET', KEYS[1], 'epoch')\n"
    "local r = redis.call('HMGET', KEYS[2], 'last', 'live', 'snap',\n"
    "                     'state', 'base')\n"
    "local out = {e or '', r[1] or '0', r[2] or '0', '0', '', {}}\n"
    "if r[2] == '1' then\n"
    "  if r[3] then out[4] = r[3]; out[5] = r[4] or '' end\n"
    "  out[6] = redis.call('XRANGE', KEYS[3],\n"
    "                      '(' .. (r[3] or r[5] or '0'), '+')\n"
    "end\n"
    "return out\n",

    /* since; KEYS z r s; ARGV id; epoch last live RECORDS */

    "local e = redis.call('HGET', KEYS[1], 'epoch')\n"
    "local r = redis.call('HMGET', KEYS[2], 'last', 'live')\n"
    "return {e or '', r[1] or '0', r[2] or '0',\n"
    "        redis.call('XRANGE', KEYS[3], '(' .. ARGV[1], '+')}\n",

    /*
     * snapshot; KEYS r s; ARGV id state history size
     * Of a state that is no more the last one, too; not of another room that
     * had the name, and what came after it is not trimmed.
     */

    "local r = redis.call('HMGET', KEYS[1], 'live', 'base', 'snap')\n"
    "local id, history = tonumber(ARGV[1]), tonumber(ARGV[3])\n"
    "if r[1] ~= '1' or id <= tonumber(r[3] or r[2] or '0') then return 0 end\n"
    "redis.call('HSET', KEYS[1], 'snap', ARGV[1], 'state', ARGV[2],\n"
    "           'size', '-' .. ARGV[4])\n"
    "local n = #redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+',\n"
    "                      'COUNT', history)\n"
    "if n < history then\n"
    "  redis.call('XTRIM', KEYS[2], 'MAXLEN', '~', ARGV[3])\n"
    "end\n"
    "return 1\n",

    /* touch; KEYS r s due; ARGV room deadline ttl */

    NGX_HTTP_ROOMS_SCRIPT_FULL
    "if redis.call('HGET', KEYS[1], 'live') ~= '1' then return 0 end\n"
    "local had = {}\n"
    "for k in string.gmatch(redis.call('HGET', KEYS[1], 'keys') or '',\n"
    "                       '[^\\n]+') do had[#had + 1] = k end\n"
    "if #had > 0 and type(redis.pcall('EXISTS', unpack(had))) == 'table'\n"
    "then return redis.error_reply('TRYAGAIN keys of a room move') end\n"
    "redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])\n"
    "for _, k in ipairs(had) do\n"
    "  if ARGV[3] == '0' then redis.call('PERSIST', k)\n"
    "  else redis.call('PEXPIREAT', k, ARGV[2]) end\n"
    "end\n"
    "if ARGV[3] == '0' then\n"
    "  redis.call('PERSIST', KEYS[1])\n"
    "  redis.call('PERSIST', KEYS[2])\n"
    "else\n"
    "  redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
    "  redis.call('PEXPIRE', KEYS[2], ARGV[3])\n"
    "end\n"
    "return 1\n",

    /*
     * beat; KEYS owners z due
     * ARGV owner ttl now epoch max fresh known batch came count
     * epoch DEAD DUE rooms known OWNERS [records of sockets]
     *
     * Where Redis itself was away, nobody could renew anything, so all get
     * another term; where its counter stands before what somebody has seen,
     * it has lost records, and a new epoch begins.  Ids may have been given
     * again before that is known: so another server (a copy that became the
     * master, or one that was started again) keeps where the counter stood,
     * and it is compared with what each worker has seen before it came here.
     * In a cluster a slot moves with all its records, and that is not asked.
     */

    NGX_HTTP_ROOMS_SCRIPT_FULL
    "local f = function(x) return string.format('%.0f', x) end\n"
    "local t = redis.call('TIME')\n"
    "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"
    "local z = redis.call('HMGET', KEYS[2], 'epoch', 'id', 'beat', 'run',"
    " 'floor')\n"
    "local e, id, ttl = z[1], tonumber(z[2] or '0'), tonumber(ARGV[2])\n"
    "local max = tonumber(ARGV[5])\n"
    "local here, lost = KEYS[2] .. 'n', id < max\n"
    "local run = redis.pcall('INFO', 'server')\n"
    "run = type(run) == 'string' and string.find(run, 'redis_mode:standalone',"
    " 1, true) and string.match(run, 'run_id:(%w+)')\n"
    "if run then\n"
    "  local floor = tonumber(z[5] or '0')\n"
    "  if run ~= z[4] then\n"
    "    floor = id\n"
    "    redis.call('HSET', KEYS[2], 'run', run, 'floor', f(id))\n"
    "    redis.call('DEL', here)\n"
    "  end\n"
    "  if redis.call('SADD', here, ARGV[1]) == 1\n"
    "     and tonumber(ARGV[9]) > floor then lost = true end\n"
    "end\n"
    "if not e or (e == ARGV[4] and lost) then\n"
    "  e = ARGV[6]\n"
    "  redis.call('HSET', KEYS[2], 'epoch', e, 'id',\n"
    "             f((math.floor(math.max(id, max) / 8) + 1000) * 8))\n"
    "end\n"
    "if now - tonumber(z[3] or '0') > ttl / 2 then\n"
    "  for _, o in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do\n"
    "    redis.call('ZADD', KEYS[1], f(now + ttl), o)\n"
    "  end\n"
    "end\n"
    "local known = redis.call('ZSCORE', KEYS[1], ARGV[1])\n"
    "redis.call('ZADD', KEYS[1], f(now + ttl), ARGV[1])\n"
    "redis.call('HSET', KEYS[2], 'beat', f(now))\n"
    "local due = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[3],\n"
    "                       'LIMIT', 0, ARGV[8])\n"
    "for _, r in ipairs(due) do\n"
    "  redis.call('ZADD', KEYS[3], f(tonumber(ARGV[3]) + 1000), r)\n"
    "end\n"
    "local owners, records = redis.call('ZRANGE', KEYS[1], 0, -1), nil\n"
    "if ARGV[10] == '1' then\n"
    "  local T = string.sub(KEYS[2], 1, -2)\n"
    "  redis.call('ZREMRANGEBYSCORE', T .. 'away', '-inf', f(now))\n"
    "  records = redis.call('ZCARD', T .. 'away')\n"
    "  for _, o in ipairs(owners) do\n"
    "    records = records + redis.call('SCARD', T .. 'm:' .. o)\n"
    "  end\n"
    "end\n"
    "return {e, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', f(now),\n"
    "                      'LIMIT', 0, 16),\n"
    "        due, redis.call('ZCARD', KEYS[3]), known and 1 or 0, owners,\n"
    "        records}\n",

    /* save; KEYS rec mine; ARGV sid me data new epoch */

    "local o = redis.call('HGET', KEYS[1], 'o')\n"
    "if o and o ~= ARGV[2] and ARGV[4] ~= '1' then return 0 end\n"
    "redis.call('HSET', KEYS[1], 'o', ARGV[2], 'd', ARGV[3],\n"
    "           'e', ARGV[5])\n"
    "redis.call('PERSIST', KEYS[1])\n"
    "redis.call('SADD', KEYS[2], ARGV[1])\n"
    "return 1\n",

    /* release; KEYS rec mine; ARGV sid me window step: t, to be told; f */

    NGX_HTTP_ROOMS_SCRIPT_FULL
    "local r = redis.call('HMGET', KEYS[1], 'o', 'v')\n"
    "if r[1] ~= ARGV[2] then return 0 end\n"
    "if ARGV[4] == 't' then\n"
    "  redis.call('HSET', KEYS[1], 't', '1')\n"
    "  return 1\n"
    "end\n"
    "redis.call('SREM', KEYS[2], ARGV[1])\n"
    "if ARGV[3] == '0' or r[2] then\n"
    "  redis.call('DEL', KEYS[1])\n"
    "else\n"
    "  redis.call('HSET', KEYS[1], 'o', '0')\n"
    "  redis.call('HDEL', KEYS[1], 't')\n"
    "  redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
    "  local away = string.sub(KEYS[1], 1, -23) .. 'away'\n"
    "  local t = redis.call('TIME')\n"
    "  redis.call('ZADD', away, string.format('%.0f',\n"
    "             t[1] * 1000 + ARGV[3]), ARGV[1])\n"
    "  if redis.call('PTTL', away) < tonumber(ARGV[3]) then\n"
    "    redis.call('PEXPIRE', away, ARGV[3])\n"
    "  end\n"
    "end\n"
    "return 1\n",

    /* revoke; KEYS rec owners */

    NGX_HTTP_ROOMS_SCRIPT_FULL
    "local r = redis.call('HMGET', KEYS[1], 'o', 't')\n"
    "if r[1] == '0' then\n"
    "  redis.call('DEL', KEYS[1])\n"
    "  redis.call('ZREM', string.sub(KEYS[1], 1, -23) .. 'away',\n"
    "             string.sub(KEYS[1], -20))\n"
    "elseif r[1] then\n"
    "  local t = redis.call('TIME')\n"
    "  local s = redis.call('ZSCORE', KEYS[2], r[1])\n"
    "  if r[2] or not s or tonumber(s) < t[1] * 1000 then\n"
    "    redis.call('HSET', KEYS[1], 'v', '1')\n"
    "  end\n"
    "end\n"
    "return 1\n",

    /*
     * claim; KEYS rec owners mine z; ARGV sid me secret nsp
     * 0: it cannot be had, or 0 owner, who has it; 1 record; 2 owner, who is
     * dead; 3: told just now
     */

    NGX_HTTP_ROOMS_SCRIPT_FULL
    "local r = redis.call('HMGET', KEYS[1], 'o', 'd', 't', 'v', 'e')\n"
    "local d = r[2]\n"
    "if r[5] ~= redis.call('HGET', KEYS[4], 'epoch') then return {0} end\n"
    "if not r[1] or not d or r[4] or string.sub(d, 3, 22) ~= ARGV[3]\n"
    "   or string.byte(d, 2) % 2 == 0 then return {0} end\n"
    "local l = string.byte(d, 27) + 256 * string.byte(d, 28)\n"
    "if string.sub(d, 29, 28 + l) ~= ARGV[4] then return {0} end\n"
    "if r[1] ~= '0' then\n"
    "  local t = redis.call('TIME')\n"
    "  local s = redis.call('ZSCORE', KEYS[2], r[1])\n"
    "  if not s or tonumber(s) < t[1] * 1000 then return {2, r[1]} end\n"
    "  if r[3] then return {3} end\n"
    "  return {0, r[1]}\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'o', ARGV[2])\n"
    "redis.call('PERSIST', KEYS[1])\n"
    "redis.call('SADD', KEYS[3], ARGV[1])\n"
    "redis.call('ZREM', string.sub(KEYS[1], 1, -23) .. 'away', ARGV[1])\n"
    "return {1, d}\n",

    /* adopt; KEYS rec mine theirs; ARGV sid me them; 1: it is mine */

    "local r = redis.call('HMGET', KEYS[1], 'o', 't')\n"
    "if r[2] or r[1] ~= ARGV[3] and r[1] ~= ARGV[2] then return 0 end\n"
    "redis.call('HSET', KEYS[1], 'o', ARGV[2])\n"
    "redis.call('SADD', KEYS[2], ARGV[1])\n"
    "redis.call('SREM', KEYS[3], ARGV[1])\n"
    "return 1\n",

    /*
     * bury; KEYS owners theirs mine; ARGV owner me prefix batch SID...
     *
     * SID RECORD TOLD ...; they stay among theirs until they are named in the
     * next call, so that a reply that is lost is given again (TOLD is then not
     * empty); the owner is forgotten with the last of them
     */

    NGX_HTTP_ROOMS_SCRIPT_FULL
    "local s = redis.call('ZSCORE', KEYS[1], ARGV[1])\n"
    "local t = redis.call('TIME')\n"
    "if s and tonumber(s) >= t[1] * 1000 then return {} end\n"
    "local out = {}\n"
    "for i = 5, #ARGV do redis.call('SREM', KEYS[2], ARGV[i]) end\n"
    "local sids = redis.call('SRANDMEMBER', KEYS[2], ARGV[4])\n"
    "for _, sid in ipairs(sids) do\n"
    "  local k = ARGV[3] .. sid\n"
    "  local r = redis.call('HMGET', k, 'o', 'd', 't')\n"
    "  if r[1] == ARGV[1] or r[1] == ARGV[2] and r[3] then\n"
    "    redis.call('HSET', k, 'o', ARGV[2], 't', '1')\n"
    "    redis.call('SADD', KEYS[3], sid)\n"
    "    out[#out + 1] = sid\n"
    "    out[#out + 1] = r[2] or ''\n"
    "    out[#out + 1] = r[1] == ARGV[2] and r[3] or ''\n"
    "  elseif not r[1] or r[1] == '0' or not r[3] then\n"
    "    redis.call('SREM', KEYS[2], sid)\n"
    "  end\n"
    "end\n"
    "if redis.call('EXISTS', KEYS[2]) == 0 then\n"
    "  redis.call('ZREM', KEYS[1], ARGV[1])\n"
    "end\n"
    "return out\n"
};
