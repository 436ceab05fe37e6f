/// A set, whichever way it is stored: integers, packed members, or a table of its own.
///
/// Reading is here; `SetWriter` changes. Members of a table are entries without a value.
import Bytes
import Records

/// The members of one set entry; valid until the next write.
struct SetValue: FrozenSet {
    let entry: Entry

    init(_ entry: Entry) { self.entry = entry }

    var isIntegers: Bool { entry.kind == .intSet }

    /// Members of the set.
    var count: Int {
        switch entry.kind {
        case .intSet: IntegerSet(entry.value).count
        case .packedSet: PackedMembers(entry.value).count
        default: entry.table.count
        }
    }

    /// Whether `member` is in it.
    func contains(_ member: ByteView, _ heap: Heap) -> Bool {
        switch entry.kind {
        case .intSet:
            guard let integer = Decimal.parse(member) else { return false }
            return IntegerSet(entry.value).place(of: integer).isThere
        case .packedSet: return PackedMembers(entry.value).range(of: member) != nil
        default: return entry.table.find(member, hash: heap.sip.hash(member)) != nil
        }
    }

    /// Hands every member to `visit`; an integer's text is valid during the visit only.
    func forEachMember(_ visit: (ByteView) throws -> Void) throws {
        switch entry.kind {
        case .intSet:
            let integers = IntegerSet(entry.value)
            let text = ByteWriter(capacity: 64)
            for index in 0..<integers.count {
                text.removeAll()
                text.append(decimal: Int(integers[index]))
                try visit(text.view)
            }
        case .packedSet:
            try PackedMembers(entry.value).forEach { (member) throws in
                try visit(member)
                return true
            }
        default: try entry.table.forEachEntry { (entry) throws in try visit(entry.key) }
        }
    }

    /// The same for visitors that don't throw.
    func forEach(_ visit: (ByteView) -> Void) {
        switch entry.kind {
        case .tableSet: entry.table.forEachEntry { visit($0.key) }
        default: try? forEachMember(visit)
        }
    }

    /// Hands a member, each as likely as any other, to `body`; nil in an empty set.
    func withRandomMember<R>(
        _ random: inout some RandomNumberGenerator, _ scratch: ByteWriter, _ body: (ByteView) -> R
    ) -> R? {
        switch entry.kind {
        case .intSet:
            let integers = IntegerSet(entry.value)
            if integers.count == 0 { return nil }
            scratch.removeAll()
            let index = Int.random(in: 0..<integers.count, using: &random)
            scratch.append(decimal: Int(integers[index]))
            return body(scratch.view)
        case .packedSet:
            let members = PackedMembers(entry.value)
            if members.count == 0 { return nil }
            var rest = Int.random(in: 0..<members.count, using: &random)
            var place = 2
            while let (member, next) = members.member(at: place) {
                if rest == 0 { return body(member) }
                rest -= 1
                place = next
            }
            return nil
        default: return entry.table.randomEntry(using: &random).map { body($0.key) }
        }
    }
}

/// Writes one set at a writable place of a database's table.
struct SetWriter {
    private let engine: Engine
    let table: Table
    let position: Position

    @inline(__always)
    init(_ position: Position, in table: Table, _ engine: Engine) {
        self.engine = engine
        self.table = table
        self.position = table.writable(position, engine.heap)
    }

    @inline(__always)
    private var heap: Heap { engine.keyspace.heap }

    @inline(__always)
    private var scratch: ByteWriter { engine.scratch }

    private var limits: CollectionLimits {
        @inline(__always) _read { yield engine.settings.limits }
    }

    /// What the set holds now.
    var value: SetValue { SetValue(position.entry) }

    /// Members now.
    var count: Int { value.count }

    /// Puts `member` in; whether it is new.
    func add(_ member: ByteView) -> Bool {
        switch position.entry.kind {
        case .intSet: addToIntegers(member)
        case .packedSet: addToPacked(member)
        default: addToTable(member)
        }
    }

    private func addToIntegers(_ member: ByteView) -> Bool {
        let integers = IntegerSet(position.entry.value)
        if let integer = Decimal.parse(member) {
            let (index, isThere) = integers.place(of: integer)
            if isThere { return false }
            if integers.count < limits.maximumIntSet {
                scratch.removeAll()
                integers.write(inserting: integer, at: index, to: scratch)
                replaceValue(.intSet)
                return true
            }
            becomeTable()
            return addToTable(member)
        }
        if integers.count + 1 <= limits.maximumPackedSet
            && member.count <= limits.maximumPackedSetBytes
        {
            becomePacked(integers)
            return addToPacked(member)
        }
        becomeTable()
        return addToTable(member)
    }

    private func addToPacked(_ member: ByteView) -> Bool {
        let members = PackedMembers(position.entry.value)
        if members.range(of: member) != nil { return false }
        let isTooLong = member.count > limits.maximumPackedSetBytes
        if isTooLong || members.count + 1 > min(limits.maximumPackedSet, 65535) {
            becomeTable()
            return addToTable(member)
        }
        scratch.removeAll()
        PackedMembers.append(count: members.count + 1, to: scratch)
        scratch.append(members.bytes.dropFirst(2))
        PackedFields.append(member, to: scratch)
        replaceValue(.packedSet)
        return true
    }

    private func addToTable(_ member: ByteView) -> Bool {
        let hash = heap.sip.hash(member)
        if position.entry.table.find(member, hash: hash) != nil { return false }
        let nested = table.ownNested(position, heap)
        let inner = unsafe Table(raw: nested.raw)
        let before = inner.bytes
        inner.insert(
            Entry.make(key: member, kind: .string, value: .empty, deadline: nil), hash: hash, heap)
        table.bytes += inner.bytes - before
        return true
    }

    /// Takes `member` out; whether it was there. The set may be empty then, and the caller removes it.
    func remove(_ member: ByteView) -> Bool {
        switch position.entry.kind {
        case .intSet:
            let integers = IntegerSet(position.entry.value)
            guard let integer = Decimal.parse(member) else { return false }
            let (index, isThere) = integers.place(of: integer)
            if !isThere { return false }
            scratch.removeAll()
            integers.write(removingAt: index, to: scratch)
            replaceValue(.intSet)
        case .packedSet:
            let members = PackedMembers(position.entry.value)
            guard let range = members.range(of: member) else { return false }
            scratch.removeAll()
            PackedMembers.append(count: members.count - 1, to: scratch)
            scratch.append(members.bytes[2..<range.lowerBound])
            scratch.append(members.bytes.dropFirst(range.upperBound))
            replaceValue(.packedSet)
        default:
            let hash = heap.sip.hash(member)
            guard let place = position.entry.table.locate(member, hash: hash) else { return false }
            let inner = unsafe Table(raw: table.ownNested(position, heap).raw)
            let before = inner.bytes
            inner.remove(inner.writable(place, heap), heap)
            table.bytes += inner.bytes - before
        }
        return true
    }

    /// The scratch's bytes become the value.
    private func replaceValue(_ kind: EntryKind) {
        let old = position.entry
        let new = Entry.make(key: old.key, kind: kind, value: scratch.view, deadline: old.deadline)
        new.adoptMarks(of: old)
        table.replace(position, with: new, heap)
    }

    private func becomePacked(_ integers: IntegerSet) {
        scratch.removeAll()
        PackedMembers.append(count: integers.count, to: scratch)
        let text = ByteWriter(capacity: 64)
        for index in 0..<integers.count {
            text.removeAll()
            text.append(decimal: Int(integers[index]))
            PackedFields.append(text.view, to: scratch)
        }
        replaceValue(.packedSet)
    }

    /// Moves the members to a table of their own.
    private func becomeTable() {
        let old = position.entry
        let inner = Table.make(heap)
        SetValue(old).forEach { member in
            inner.insert(
                Entry.make(key: member, kind: .string, value: .empty, deadline: nil),
                hash: heap.sip.hash(member), heap)
        }
        let new = Entry.make(key: old.key, kind: .tableSet, table: inner, deadline: old.deadline)
        new.adoptMarks(of: old)
        table.bytes += inner.bytes
        table.replace(position, with: new, heap)
    }
}
