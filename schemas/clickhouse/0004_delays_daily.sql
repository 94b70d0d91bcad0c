-- Delays, by day: what a page of a week or a month reads. By hour, the grid of
-- a hundred million receipts has some ten million rows.
CREATE TABLE IF NOT EXISTS delays_daily
(
    authority LowCardinality(String) COMMENT 'slug of the authority',
    day       Date                   COMMENT 'day of at, Europe/Paris',
    leg       LowCardinality(String) COMMENT 'as in delays_hourly',
    stream    LowCardinality(String) COMMENT 'slug of the stream',
    channel   LowCardinality(String) COMMENT 'slug of the channel',
    kind      LowCardinality(String) COMMENT 'kind of the channel',
    class     LowCardinality(String) COMMENT 'alert, service or promotional',
    topic     LowCardinality(String) COMMENT 'slug of the topic',
    delay_ms  UInt32                 COMMENT 'lower end of the step of the grid, milliseconds',
    receipts  UInt64                 COMMENT 'recipient outcomes'
)
ENGINE = SummingMergeTree(receipts)
PARTITION BY toYYYYMM(day)
ORDER BY (authority, leg, day, stream, channel, kind, class, topic, delay_ms)
TTL day + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What was there before, again from nothing when this is run again.
TRUNCATE TABLE IF EXISTS delays_daily;

INSERT INTO delays_daily
SELECT authority, toDate(hour, 'Europe/Paris') AS day, leg, stream, channel, kind, class, topic, delay_ms, sum(receipts) AS receipts
FROM delays_hourly
GROUP BY authority, day, leg, stream, channel, kind, class, topic, delay_ms;

CREATE MATERIALIZED VIEW IF NOT EXISTS delays_daily_view TO delays_daily AS
SELECT authority, toDate(hour, 'Europe/Paris') AS day, leg, stream, channel, kind, class, topic, delay_ms, sum(receipts) AS receipts
FROM delays_hourly
GROUP BY authority, day, leg, stream, channel, kind, class, topic, delay_ms;
