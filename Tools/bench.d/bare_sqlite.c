/* What SQLite alone does: upserts of random keys in batches, by a program that does nothing else.
 *
 *     bare_sqlite FILE WARM COUNT KEYS VALUE_BYTES BATCH PAGE CACHE_MB LAYOUT WAL_MB
 *
 * WARM upserts that aren't counted, then COUNT that are, of keys drawn from KEYS like redis-benchmark's (16 bytes), BATCH
 * in a transaction, sorted by key in it. LAYOUT 0: WITHOUT ROWID; 1: rowid and a unique
 * index. (REPLACE in place of ON CONFLICT was a third as fast, UPDATE followed by INSERT the same.) The log is synced once
 * a second by another thread (everysec), at the end by this one, and copied into the file from WAL_MB on; at the end
 * not: what counts is that the rows are durable. Prints rows a second, and microseconds of CPU time a row.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int log_file = -1;
static volatile int is_over;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void *sync_each_second(void *unused) {
    (void)unused;
    while (!is_over) {
        for (int i = 0; i < 100 && !is_over; i++) usleep(10000);
        fdatasync(log_file);
    }
    return NULL;
}

static void check(sqlite3 *db, int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    fprintf(stderr, "bare_sqlite: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void run(sqlite3 *db, const char *sql) { check(db, sqlite3_exec(db, sql, NULL, NULL, NULL)); }

static void pragma(sqlite3 *db, const char *name, long value) {
    char text[128];
    snprintf(text, sizeof text, "PRAGMA %s = %ld", name, value);
    run(db, text);
}

static int by_number(const void *left, const void *right) {
    /* All keys have as many digits: the numbers' order is the texts'. */
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void upserts(sqlite3 *db, sqlite3_stmt *put, long count, long keys, int bytes, long batch) {
    static uint64_t state = 88172645463325252ull;
    uint32_t *drawn = malloc(batch * sizeof *drawn);
    char key[32], *value = malloc(bytes + 1);
    memset(value, 'x', bytes);
    for (long done = 0; done < count; done += batch) {
        for (long i = 0; i < batch; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            drawn[i] = state % keys;
        }
        qsort(drawn, batch, sizeof *drawn, by_number);
        run(db, "BEGIN IMMEDIATE");
        for (long i = 0; i < batch; i++) {
            int length = snprintf(key, sizeof key, "key:%012u", drawn[i]);
            sqlite3_bind_blob(put, 1, key, length, SQLITE_STATIC);
            sqlite3_bind_blob(put, 2, value, bytes, SQLITE_STATIC);
            check(db, sqlite3_step(put));
            sqlite3_reset(put);
        }
        run(db, "COMMIT");
    }
}

int main(int argc, char **argv) {
    if (argc != 11) return fprintf(stderr, "usage: see the source\n"), 64;
    long warm = atol(argv[2]), count = atol(argv[3]), keys = atol(argv[4]);
    int bytes = atoi(argv[5]);
    long batch = atol(argv[6]), page = atol(argv[7]);
    sqlite3 *db;
    sqlite3_stmt *put;
    check(NULL, sqlite3_open(argv[1], &db));
    pragma(db, "page_size", page);
    run(db, "PRAGMA journal_mode = WAL");
    run(db, "PRAGMA synchronous = NORMAL");
    pragma(db, "cache_size", -1024 * atol(argv[8]));
    pragma(db, "wal_autocheckpoint", (atol(argv[10]) << 20) / page);
    run(db, atoi(argv[9]) ? "CREATE TABLE t (k BLOB UNIQUE NOT NULL, v BLOB)"
                          : "CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID");
    check(db, sqlite3_prepare_v2(
        db,
        "INSERT INTO t VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = excluded.v", -1, &put, NULL));
    upserts(db, put, warm, keys, bytes, batch);
    char path[4096];
    snprintf(path, sizeof path, "%s-wal", argv[1]);
    log_file = open(path, O_RDWR);
    fdatasync(log_file);
    pthread_t other;
    pthread_create(&other, NULL, sync_each_second, NULL);
    double began = now(), used = clock();
    upserts(db, put, count, keys, bytes, batch);
    fdatasync(log_file);
    double seconds = now() - began;
    is_over = 1;
    pthread_join(other, NULL);
    printf("%.0f %.3f\n", count / seconds, (clock() - used) / (CLOCKS_PER_SEC / 1e6) / count);
    return 0;
}
