/// Redis 7.0's commands that this server doesn't have (or didn't, when the list was made), with their categories.
///
/// Facts of a running redis-server 7.0.15 (`COMMAND INFO`). A command that is in this list and in the table of
/// commands is the table's; so nobody needs to touch the list when a command is added. Containers stand before
/// their words.

/// Names of commands for rules; see AccessVocabulary.swift.
enum ForeignCommands {
    /// A name and its categories.
    struct Foreign {
        let name: String
        let categories: [String]
    }

    /// Numbers from here on are foreign commands'; the table's own lie below.
    static let firstNumber = 1024

    /// All of them.
    static let all: [Foreign] = text.split(separator: "\n").map { line in
        let words = line.split(separator: " ").map(String.init)
        return Foreign(name: words[0], categories: Array(words.dropFirst()))
    }

    private static let text = """
        cluster slow
        cluster|addslots admin dangerous slow
        cluster|addslotsrange admin dangerous slow
        cluster|bumpepoch admin dangerous slow
        cluster|count-failure-reports admin dangerous slow
        cluster|countkeysinslot slow
        cluster|delslots admin dangerous slow
        cluster|delslotsrange admin dangerous slow
        cluster|failover admin dangerous slow
        cluster|flushslots admin dangerous slow
        cluster|forget admin dangerous slow
        cluster|getkeysinslot slow
        cluster|help slow
        cluster|info slow
        cluster|keyslot slow
        cluster|links slow
        cluster|meet admin dangerous slow
        cluster|myid slow
        cluster|nodes slow
        cluster|replicas admin dangerous slow
        cluster|replicate admin dangerous slow
        cluster|reset admin dangerous slow
        cluster|saveconfig admin dangerous slow
        cluster|set-config-epoch admin dangerous slow
        cluster|setslot admin dangerous slow
        cluster|shards slow
        cluster|slaves admin dangerous slow
        cluster|slots slow
        dump keyspace read slow
        eval scripting slow
        eval_ro scripting slow
        evalsha scripting slow
        evalsha_ro scripting slow
        failover admin dangerous slow
        fcall scripting slow
        fcall_ro scripting slow
        function|delete scripting slow write
        function|dump scripting slow
        function|kill scripting slow
        function|load scripting slow write
        function|restore scripting slow write
        geoadd geo slow write
        geodist geo read slow
        geohash geo read slow
        geopos geo read slow
        georadius geo slow write
        georadius_ro geo read slow
        georadiusbymember geo slow write
        georadiusbymember_ro geo read slow
        geosearch geo read slow
        geosearchstore geo slow write
        migrate dangerous keyspace slow write
        module slow
        module|help slow
        module|list admin dangerous slow
        module|load admin dangerous slow
        module|loadex admin dangerous slow
        module|unload admin dangerous slow
        psync admin dangerous slow
        replconf admin dangerous slow
        restore dangerous keyspace slow write
        restore-asking dangerous keyspace slow write
        script slow
        script|debug scripting slow
        script|exists scripting slow
        script|flush scripting slow
        script|help scripting slow
        script|kill scripting slow
        script|load scripting slow
        sync admin dangerous slow
        xack fast stream write
        xadd fast stream write
        xautoclaim fast stream write
        xclaim fast stream write
        xdel fast stream write
        xgroup slow
        xgroup|create slow stream write
        xgroup|createconsumer slow stream write
        xgroup|delconsumer slow stream write
        xgroup|destroy slow stream write
        xgroup|help slow stream
        xgroup|setid slow stream write
        xinfo slow
        xinfo|consumers read slow stream
        xinfo|groups read slow stream
        xinfo|help slow stream
        xinfo|stream read slow stream
        xlen fast read stream
        xpending read slow stream
        xrange read slow stream
        xread blocking read slow stream
        xreadgroup blocking slow stream write
        xrevrange read slow stream
        xsetid fast stream write
        xtrim slow stream write
        """
}
