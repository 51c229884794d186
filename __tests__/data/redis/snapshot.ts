/**
 * What `redis-cli --rdb -` wrote for a Redis 7.0.15 with a key of each type in each encoding that small settings give it
 * (hash-max-listpack-entries 2, zset-max-listpack-entries 2, set-max-intset-entries 3, list-max-listpack-size 2), with maxmemory-policy
 * allkeys-lru, a library of functions, 18 keys in database 0 and one in database 3; each has one that expires in the year 2100. The
 * snapshot has 790 bytes, and redis-cli has left its mark of 40 bytes behind it.
 */
export const recorded = Buffer.from(`
UkVESVMwMDEw+glyZWRpcy12ZXIGNy4wLjE1+gpyZWRpcy1iaXRzwED6BWN0aW1lwu+tDWv6CHVzZWQtbWVtwkDJEwD6DnJlcGwtc3RyZWFtLWRiwAD6B3JlcGwtaWQoMmQxNWU1NDIzNTZlMzc0Zj
k5NzU3ZmQ4OTFhZDZhMzcxYjIzMjhkOPoLcmVwbC1vZmZzZXTAAPoIYW9mLWJhc2XAAPVARCMhbHVhIG5hbWU9bGliCnJlZGlzLnJlZ2lzdGVyX2Z1bmN0aW9uKCdmJywgZnVuY3Rpb24oKSByZXR1
cm4gMSBlbmQp/gD7EgH4ABMGc3RyZWFtARAAAAAAAAAAAQAAAAAAAAABKCgAAAAPAAIBAAEBAYFmAgABAgEAAQABgXYCBAECAQEBAAGBdgIEAf8CAgEBAQAAAgEFZ3JvdXABAQEBAAAAAAAAAAEAAA
AAAAAAATtwby2iAQAAAQEIY29uc3VtZXI7cG8togEAAAEAAAAAAAAAAQAAAAAAAAAB+AALB251bWJlcnMOAgAAAAMAAAABAAIAAwD4AAAEdGV4dAV2YWx1ZfgAAAAFZW1wdHn4ABEFc2hvcnQMDAAA
AAIAgWECAQH/+AASBGxpc3QDAg0NAAAAAgCBYQKBYgL/Ag0NAAAAAgCBYwKBZAL/AgoKAAAAAQCBZQL/+AACA3NldAIBYgFh+AAAwdT+wdCK/HvYwyy7AwAA+AAABHNvb24BePgABQZzb3J0ZWQDAW
IAAAAAAAAEQAFhAAAAAAAA8D8BYwAAAAAAAPD/+AAAwwpAUAJhYmHgQgEBYWLDDkEsA3h5enjg/wLhFQcBeXr4ABAFc21hbGwMDAAAAAIAgWECAQH/+AAAwqCGAQDCQEIPAPgAAARiaXRzww9CcgEA
AOD/AOD/AOBVAAEAgPgABARoYXNoAwFiwAIBY8ADAWHAAfgAAAQA/w0KAv8A+AEAwAzAePgAAANsb2cVSFlMTAEAAAAAAAAAAAAAgHGmhE5X/gP7AQH8ANjDLLsDAAD4AAAFb3RoZXLAAf/P43YjQs
9yzmJkZjM1ZDRhODdlNjNkYzJmY2M5MzgyYWE2ZGE3NzE1ZjVhNjIyMjM=
`, 'base64');

/** Without the mark. */
export const snapshot = recorded.subarray(0, 790);
export const snapshotAt = 1_796_058_607_000;
export const keysOfSnapshot: readonly string[] = [
  '', '-300', '100000', '12', 'ab'.repeat(40), 'bits', 'hash', 'list', 'log', 'numbers', 'set', 'short', 'small', 'soon', 'sorted', 'stream', 'text', '\0ÿ\r\n',
].toSorted();

export function* inPieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
