-- The stages before the receipts. Their events may be counted twice by no
-- reader: a row is one revision, whatever the times it was stored.
CREATE TABLE IF NOT EXISTS publications
(
    authority   LowCardinality(String)                COMMENT 'slug of the authority',
    publication String                                COMMENT 'ID of the publication, the same for all revisions',
    revision    UInt32                                COMMENT 'from 1',
    stream      LowCardinality(String)                COMMENT 'slug of the stream',
    message     String                                COMMENT 'ID of the message',
    status      LowCardinality(String)                COMMENT 'CAP status: Actual, Exercise or Test',
    msg_type    LowCardinality(String)                COMMENT 'CAP msgType: Alert, Update or Cancel',
    class       LowCardinality(String)                COMMENT 'alert, service or promotional',
    topic       LowCardinality(String)                COMMENT 'slug of the topic',
    severity    LowCardinality(String)                COMMENT 'CAP severity',
    title       String                                COMMENT 'what was published, one line',
    channels    Array(LowCardinality(String))         COMMENT 'slugs of the channels it was approved for',
    automatic   Bool                                  COMMENT 'approved by a rule',
    source_at   DateTime64(3, 'UTC')                  COMMENT 'when the source said it; 1970-01-01 when unknown',
    fetched_at  DateTime64(3, 'UTC')                  COMMENT 'when ingest saw it; 1970-01-01 when unknown',
    approved_at DateTime64(3, 'UTC')                  COMMENT 'when it was approved',
    not_before  DateTime64(3, 'UTC')                  COMMENT 'when channels may start; 1970-01-01 for at once',
    expires     DateTime64(3, 'UTC')                  COMMENT 'when signs and feeds drop it',
    sequence    UInt64                                COMMENT 'of the event in the stream PUBLICATIONS'
)
ENGINE = ReplacingMergeTree(sequence)
ORDER BY (authority, publication, revision)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS messages
(
    authority  LowCardinality(String) COMMENT 'slug of the authority',
    day        Date DEFAULT toDate(created_at, 'Europe/Paris') COMMENT 'day of created_at, Europe/Paris',
    seq        String                 COMMENT 'ID of the revision of the message',
    message    String                 COMMENT 'ID of the message, the same for all revisions',
    revision   UInt32                 COMMENT 'from 1',
    source     LowCardinality(String) COMMENT 'slug of the source',
    msg_type   LowCardinality(String) COMMENT 'CAP msgType: Alert, Update or Cancel',
    class      LowCardinality(String) COMMENT 'alert, service or promotional',
    topic      LowCardinality(String) COMMENT 'slug of the topic',
    severity   LowCardinality(String) COMMENT 'CAP severity',
    backlog    Bool                   COMMENT 'older than the source''s entry in Crieur',
    sent       DateTime64(3, 'UTC')   COMMENT 'when the source says it published',
    fetched_at DateTime64(3, 'UTC')   COMMENT 'when ingest saw it; 1970-01-01 when unknown',
    created_at DateTime64(3, 'UTC')   COMMENT 'when the message was made',
    expires    DateTime64(3, 'UTC')   COMMENT 'after which it is of no use',
    sequence   UInt64                 COMMENT 'of the event in the stream MESSAGES'
)
ENGINE = ReplacingMergeTree(sequence)
PARTITION BY toYYYYMM(day)
ORDER BY (authority, day, seq)
TTL day + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
