/// A simulated run in which other data takes the place of all that is kept.
///
/// It counts as a command: state k is the data before it, k + 1 what is restored. From its beginning on either may be
/// found, and from its end the new one only. Where it fails, k + 2 is the old data again, and from then on nothing
/// may find the other.
import Persistence
import Records

/// What a run knows of its restorations.
struct RestorationState {
    /// Nothing is recorded now.
    var isUnderWay = false
    /// Commands before the one under way.
    var before = 0
    /// Commands since the last one.
    var last = 0
    var successes = 0
    var failures = 0
}

extension Simulation {
    /// Restorations that succeeded, and that failed.
    public var restorations: (successes: Int, failures: Int) {
        (restoration.successes, restoration.failures)
    }

    /// Begins a restoration where the plan says so.
    func considerRestoration(_ backend: any PersistenceBackend) {
        let commands = digests.count - 1
        if plan.restoreInterval == 0 || restoration.isUnderWay || isRewriting { return }
        if commands < restoration.last + plan.restoreInterval || backend.refusal != nil { return }
        restoration.last = commands
        let other = NaiveDataset()
        for number in 0..<8 {
            workload.nextUnit(number: digests.count * 100 + number, model: other, &random) {
                other.apply($0, database: $1)
            }
        }
        _ = backend.commit()
        observe(backend)
        restoration.isUnderWay = true
        restoration.before = commands
        isRewriting = true
        add(other.digest)
        observe(backend)
        do throws(PersistenceError) {
            try backend.replace(with: NaiveFrozen(other, at: clock.now)) { [unowned self] result in
                end(result, other)
                if let running = self.backend { observe(running) }
            }
        } catch {
            end(.failure(error), other)
        }
    }

    private func add(_ digest: UInt64) {
        tickets.append(tickets.last ?? 0)
        writtenAt.append(clock.monotonicNanoseconds)
        digests.append(digest)
    }

    private func end(_ result: Result<CheckpointReport, PersistenceError>, _ other: NaiveDataset) {
        restoration.isUnderWay = false
        isRewriting = false
        switch result {
        case .success:
            restoration.successes += 1
            model.become(other)
        case .failure:
            restoration.failures += 1
            add(model.digest)
        }
    }
}
