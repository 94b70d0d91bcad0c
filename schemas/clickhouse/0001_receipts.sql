-- Receipts: one row a recipient outcome. Never a contact: people are an HMAC.
-- Days are those of Europe/Paris; every other time is UTC.
CREATE TABLE IF NOT EXISTS receipts
(
    authority      LowCardinality(String) COMMENT 'slug of the authority',
    day            Date DEFAULT toDate(at, 'Europe/Paris') COMMENT 'day of at, Europe/Paris',
    subscriber     UInt64                 COMMENT 'person: first 8 bytes of HMAC-SHA-256 of the opaque subscriber ID; 0 for an endpoint',
    at             DateTime64(3, 'UTC')   COMMENT 'when it happened, as the provider says where it does',
    stream         LowCardinality(String) COMMENT 'slug of the stream',
    channel        LowCardinality(String) COMMENT 'slug of the channel',
    kind           LowCardinality(String) COMMENT 'kind of the channel: sms, email, sign…',
    class          LowCardinality(String) COMMENT 'alert, service or promotional',
    topic          LowCardinality(String) COMMENT 'slug of the topic',
    endpoint       LowCardinality(String) COMMENT 'sign, account or feed; empty for a person',
    status         LowCardinality(String) COMMENT 'what became of it: accepted, sent, delivered, failed…',
    reason         LowCardinality(String) COMMENT 'closed list of reasons, for failed and unknown; empty otherwise',
    informed       Bool                   COMMENT 'the recipient had the message: see Informed in services/impact/load',
    publication    String                 COMMENT 'ID of the publication' CODEC(ZSTD(1)),
    revision       UInt32                 COMMENT 'revision of the publication, from 1',
    delivery       String                 COMMENT 'ID of the delivery' CODEC(ZSTD(1)),
    batch          UInt32                 COMMENT 'number of the batch, from 0',
    created_at     DateTime64(3, 'UTC')   COMMENT 'when the receipt was made',
    source_at      DateTime64(3, 'UTC')   COMMENT 'when the source said it; 1970-01-01 when unknown',
    fetched_at     DateTime64(3, 'UTC')   COMMENT 'when ingest saw it; 1970-01-01 when unknown',
    approved_at    DateTime64(3, 'UTC')   COMMENT 'when it was approved; 1970-01-01 when unknown',
    units          UInt32                 COMMENT 'parts or pages counted',
    cost_micro_eur Int64                  COMMENT 'millionths of a euro',
    duplicates     UInt16                 COMMENT 'how often it was sent again after an ambiguous crash',
    sequence       UInt64                 COMMENT 'of the event in the stream RECEIPTS' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (authority, day, subscriber)
SAMPLE BY subscriber
TTL day + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row: which tables these are. Positions in the streams belong to it, so
-- that tables made anew are filled anew.
CREATE TABLE IF NOT EXISTS identity
(
    id         String                        COMMENT 'random, made once',
    created_at DateTime('UTC') DEFAULT now() COMMENT 'when the tables were made'
)
ENGINE = MergeTree ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
