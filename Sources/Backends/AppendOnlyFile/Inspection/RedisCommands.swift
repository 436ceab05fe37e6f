/// The commands of Redis 7.0.15 and their arities, as `COMMAND` there answers: what such a server loads a log with.
import Bytes

/// Redis's commands.
enum RedisCommands {
    /// The arity of a command in any case; nil: Redis 7.0 doesn't know it.
    static func arity(of name: ByteView) -> Int? { table[name.text.lowercased()] }

    /// Whether Redis 7.0 knows a command, named in lower case.
    static func knows(_ name: String) -> Bool { table[name] != nil }

    private static let table: [String: Int] = {
        var table: [String: Int] = [:]
        for word in words.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: ":")
            table[String(parts[0])] = Int(parts[1])
        }
        return table
    }()

    private static let words = """
        acl:-2 append:3 asking:1 auth:-2 bgrewriteaof:1 bgsave:-1 bitcount:-2 bitfield:-2
        bitfield_ro:-2 bitop:-4 bitpos:-3 blmove:6 blmpop:-5 blpop:-3 brpop:-3 brpoplpush:4
        bzmpop:-5 bzpopmax:-3 bzpopmin:-3 client:-2 cluster:-2 command:-1 config:-2 copy:-3
        dbsize:1 debug:-2 decr:2 decrby:3 del:-2 discard:1 dump:2 echo:2 eval:-3 eval_ro:-3
        evalsha:-3 evalsha_ro:-3 exec:1 exists:-2 expire:-3 expireat:-3 expiretime:2 failover:-1
        fcall:-3 fcall_ro:-3 flushall:-1 flushdb:-1 function:-2 geoadd:-5 geodist:-4 geohash:-2
        geopos:-2 georadius:-6 georadius_ro:-6 georadiusbymember:-5 georadiusbymember_ro:-5
        geosearch:-7 geosearchstore:-8 get:2 getbit:3 getdel:2 getex:-2 getrange:4 getset:3
        hdel:-3 hello:-1 hexists:3 hget:3 hgetall:2 hincrby:4 hincrbyfloat:4 hkeys:2 hlen:2
        hmget:-3 hmset:-4 hrandfield:-2 hscan:-3 hset:-4 hsetnx:4 hstrlen:3 hvals:2 incr:2
        incrby:3 incrbyfloat:3 info:-1 keys:2 lastsave:1 latency:-2 lcs:-3 lindex:3 linsert:5
        llen:2 lmove:5 lmpop:-4 lolwut:-1 lpop:-2 lpos:-3 lpush:-3 lpushx:-3 lrange:4 lrem:4
        lset:4 ltrim:4 memory:-2 mget:-2 migrate:-6 module:-2 monitor:1 move:3 mset:-3 msetnx:-3
        multi:1 object:-2 persist:2 pexpire:-3 pexpireat:-3 pexpiretime:2 pfadd:-2 pfcount:-2
        pfdebug:3 pfmerge:-2 pfselftest:1 ping:-1 psetex:4 psubscribe:-2 psync:-3 pttl:2
        publish:3 pubsub:-2 punsubscribe:-1 quit:-1 randomkey:1 readonly:1 readwrite:1 rename:3
        renamenx:3 replconf:-1 replicaof:3 reset:1 restore-asking:-4 restore:-4 role:1 rpop:-2
        rpoplpush:3 rpush:-3 rpushx:-3 sadd:-3 save:1 scan:-2 scard:2 script:-2 sdiff:-2
        sdiffstore:-3 select:2 set:-3 setbit:4 setex:4 setnx:3 setrange:4 shutdown:-1 sinter:-2
        sintercard:-3 sinterstore:-3 sismember:3 slaveof:3 slowlog:-2 smembers:2 smismember:-3
        smove:4 sort:-2 sort_ro:-2 spop:-2 spublish:3 srandmember:-2 srem:-3 sscan:-3
        ssubscribe:-2 strlen:2 subscribe:-2 substr:4 sunion:-2 sunionstore:-3 sunsubscribe:-1
        swapdb:3 sync:1 time:1 touch:-2 ttl:2 type:2 unlink:-2 unsubscribe:-1 unwatch:1 wait:3
        watch:-2 xack:-4 xadd:-5 xautoclaim:-6 xclaim:-6 xdel:-3 xgroup:-2 xinfo:-2 xlen:2
        xpending:-3 xrange:-4 xread:-4 xreadgroup:-7 xrevrange:-4 xsetid:-3 xtrim:-4 zadd:-4
        zcard:2 zcount:4 zdiff:-3 zdiffstore:-4 zincrby:4 zinter:-3 zintercard:-3 zinterstore:-4
        zlexcount:4 zmpop:-4 zmscore:-3 zpopmax:-2 zpopmin:-2 zrandmember:-2 zrange:-4
        zrangebylex:-4 zrangebyscore:-4 zrangestore:-5 zrank:3 zrem:-3 zremrangebylex:4
        zremrangebyrank:4 zremrangebyscore:4 zrevrange:-4 zrevrangebylex:-4 zrevrangebyscore:-4
        zrevrank:3 zscan:-3 zscore:3 zunion:-3 zunionstore:-4
        """
}
