-- What another channel carried while a channel's own provider failed, by hour.
CREATE TABLE IF NOT EXISTS carried_hourly
(
    authority      LowCardinality(String) COMMENT 'slug of the authority',
    hour           DateTime('UTC')        COMMENT 'start of the hour of at',
    stream         LowCardinality(String) COMMENT 'slug of the stream',
    channel        LowCardinality(String) COMMENT 'slug of the channel that it was for',
    via            LowCardinality(String) COMMENT 'slug of the channel that took over',
    receipts       UInt64                 COMMENT 'recipient outcomes: sent, which others may follow',
    units          UInt64                 COMMENT 'parts',
    cost_micro_eur Int64                  COMMENT 'millionths of a euro'
)
ENGINE = SummingMergeTree((receipts, units, cost_micro_eur))
PARTITION BY toYYYYMM(hour)
ORDER BY (authority, hour, stream, channel, via)
TTL hour + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What was there before, again from nothing when this is run again.
TRUNCATE TABLE IF EXISTS carried_hourly;

INSERT INTO carried_hourly
SELECT
    authority, toStartOfHour(at) AS hour, stream, channel, via,
    count() AS receipts, sum(toUInt64(units)) AS units, sum(cost_micro_eur) AS cost_micro_eur
FROM receipts
WHERE via != '' AND status = 'sent'
GROUP BY authority, hour, stream, channel, via;

CREATE MATERIALIZED VIEW IF NOT EXISTS carried_hourly_view TO carried_hourly AS
SELECT
    authority, toStartOfHour(at) AS hour, stream, channel, via,
    count() AS receipts, sum(toUInt64(units)) AS units, sum(cost_micro_eur) AS cost_micro_eur
FROM receipts
WHERE via != '' AND status = 'sent'
GROUP BY authority, hour, stream, channel, via;
