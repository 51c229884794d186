/*
 * Scripts that run in the server. Each is one step for all others, and can be sent twice: redis-cli sends a command again when the
 * connection broke before its answer.
 */

/** The key that marks a database which belongs to a restore. It is no part of the data. */
export const markKey = 'acci-deploy:restore';

/** Whether a script can do all that a restore needs; changes nothing. ARGV: an empty database */
export const probeScript = `redis.call('select', ARGV[1]) redis.call('swapdb', ARGV[1], ARGV[1]) return 'allowed'`;

/** Marks an empty database. ARGV: its number, the mark */
export const claimScript = `redis.call('select', ARGV[1])
if redis.call('get', KEYS[1]) == ARGV[2] then return 'claimed' end
if redis.call('dbsize') > 0 then return 'used' end
redis.call('set', KEYS[1], ARGV[2])
return 'claimed'`;

/**
 * Swaps two databases, if the other one has this mark. The mark for what becomes the other one is written first, while everything is as it
 * was: it is the only step that fails when the memory is full. ARGV: the live one, the other one, its mark, its mark afterwards
 */
export const swapScript = `redis.call('select', ARGV[2])
local found = redis.call('get', KEYS[1])
if found == ARGV[4] then return 'swapped' end
if found ~= ARGV[3] then return 'other' end
redis.call('select', ARGV[1])
redis.call('set', KEYS[1], ARGV[4])
redis.call('select', ARGV[2])
redis.call('del', KEYS[1])
redis.call('swapdb', ARGV[1], ARGV[2])
return 'swapped'`;

/** Empties a database, if it has this mark. ARGV: its number, the mark */
export const discardScript = `redis.call('select', ARGV[1])
if redis.call('get', KEYS[1]) ~= ARGV[2] then return 'other' end
redis.call('flushdb', 'async')
return 'discarded'`;

/** Empties a database. ARGV: its number, `async` or nothing. Returns the keys before and after. */
export const emptyScript = `if ARGV[1] ~= '0' then redis.call('select', ARGV[1]) end
local before = redis.call('dbsize')
if ARGV[2] == 'async' then redis.call('flushdb', 'async') else redis.call('flushdb') end
return before .. ' ' .. redis.call('dbsize')`;
