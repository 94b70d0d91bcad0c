-- What the dashboards read: a hundred million receipts become some hundred
-- thousand rows. Each table is filled by a view, in the same insert.

-- Counts, by hour.
CREATE TABLE IF NOT EXISTS receipts_hourly
(
    authority      LowCardinality(String) COMMENT 'slug of the authority',
    hour           DateTime('UTC')        COMMENT 'start of the hour of at',
    stream         LowCardinality(String) COMMENT 'slug of the stream',
    channel        LowCardinality(String) COMMENT 'slug of the channel',
    kind           LowCardinality(String) COMMENT 'kind of the channel',
    class          LowCardinality(String) COMMENT 'alert, service or promotional',
    topic          LowCardinality(String) COMMENT 'slug of the topic',
    status         LowCardinality(String) COMMENT 'what became of it',
    reason         LowCardinality(String) COMMENT 'for failed and unknown',
    receipts       UInt64                 COMMENT 'recipient outcomes',
    units          UInt64                 COMMENT 'parts or pages',
    cost_micro_eur Int64                  COMMENT 'millionths of a euro',
    duplicates     UInt64                 COMMENT 'recipient outcomes of a second sending'
)
ENGINE = SummingMergeTree((receipts, units, cost_micro_eur, duplicates))
PARTITION BY toYYYYMM(hour)
ORDER BY (authority, hour, stream, channel, kind, class, topic, status, reason)
TTL hour + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS receipts_hourly_view TO receipts_hourly AS
SELECT
    authority, toStartOfHour(at) AS hour, stream, channel, kind, class, topic, status, reason,
    count() AS receipts, sum(toUInt64(units)) AS units, sum(cost_micro_eur) AS cost_micro_eur, sum(toUInt64(duplicates)) AS duplicates
FROM receipts
GROUP BY authority, hour, stream, channel, kind, class, topic, status, reason;

-- Distinct people, by hour for the last days and by day for ever. A pair is a
-- person and a publication: somebody told the same on three channels is one
-- pair, somebody told three things is three. States are exact up to a
-- thousand values and within 0.6 % beyond (uniqCombined64, precision 15).
CREATE TABLE IF NOT EXISTS people_hourly
(
    authority LowCardinality(String)                     COMMENT 'slug of the authority',
    hour      DateTime('UTC')                            COMMENT 'start of the hour of at',
    measure   LowCardinality(String)                     COMMENT 'targeted, informed, clicked, useful, not_useful, opted_out',
    stream    LowCardinality(String)                     COMMENT 'slug of the stream',
    channel   LowCardinality(String)                     COMMENT 'slug of the channel',
    kind      LowCardinality(String)                     COMMENT 'kind of the channel',
    pairs     AggregateFunction(uniqCombined64(15), UInt64) COMMENT 'distinct person and publication',
    people    AggregateFunction(uniqCombined64(15), UInt64) COMMENT 'distinct people'
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(hour)
ORDER BY (authority, hour, measure, stream, channel, kind)
TTL hour + INTERVAL 10 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS people_daily
(
    authority LowCardinality(String)                     COMMENT 'slug of the authority',
    day       Date                                       COMMENT 'day of at, Europe/Paris',
    measure   LowCardinality(String)                     COMMENT 'targeted, informed, clicked, useful, not_useful, opted_out',
    stream    LowCardinality(String)                     COMMENT 'slug of the stream',
    channel   LowCardinality(String)                     COMMENT 'slug of the channel',
    kind      LowCardinality(String)                     COMMENT 'kind of the channel',
    pairs     AggregateFunction(uniqCombined64(15), UInt64) COMMENT 'distinct person and publication',
    people    AggregateFunction(uniqCombined64(15), UInt64) COMMENT 'distinct people'
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (authority, day, measure, stream, channel, kind)
TTL day + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS people_hourly_view TO people_hourly AS
SELECT
    authority, toStartOfHour(at) AS hour,
    arrayJoin(arrayFilter(m -> m != '', [
        if(status != 'opted_out', 'targeted', ''),
        if(informed, 'informed', ''),
        if(status IN ('clicked', 'useful', 'not_useful', 'opted_out'), toString(status), '')])) AS measure,
    stream, channel, kind,
    uniqCombined64State(15)(cityHash64(subscriber, publication)) AS pairs,
    uniqCombined64State(15)(subscriber) AS people
FROM receipts
WHERE subscriber != 0
GROUP BY authority, hour, measure, stream, channel, kind;

CREATE MATERIALIZED VIEW IF NOT EXISTS people_daily_view TO people_daily AS
SELECT
    authority, day,
    arrayJoin(arrayFilter(m -> m != '', [
        if(status != 'opted_out', 'targeted', ''),
        if(informed, 'informed', ''),
        if(status IN ('clicked', 'useful', 'not_useful', 'opted_out'), toString(status), '')])) AS measure,
    stream, channel, kind,
    uniqCombined64State(15)(cityHash64(subscriber, publication)) AS pairs,
    uniqCombined64State(15)(subscriber) AS people
FROM receipts
WHERE subscriber != 0
GROUP BY authority, day, measure, stream, channel, kind;

-- Delays, as counts on a grid: 100 ms up to 10 s, 1 s up to 2 min, 10 s up to
-- 1 h, 5 min up to 1 day, 1 h up to 30 days. Counts add up exactly, over any
-- period, and give every quantile within one step and the distribution itself.
CREATE TABLE IF NOT EXISTS delays_hourly
(
    authority LowCardinality(String) COMMENT 'slug of the authority',
    hour      DateTime('UTC')        COMMENT 'start of the hour of at',
    leg       LowCardinality(String) COMMENT 'source_fetched, fetched_approved, approved_sent, approved_informed, source_informed, approved_opted_out',
    stream    LowCardinality(String) COMMENT 'slug of the stream',
    channel   LowCardinality(String) COMMENT 'slug of the channel',
    kind      LowCardinality(String) COMMENT 'kind of the channel',
    class     LowCardinality(String) COMMENT 'alert, service or promotional',
    topic     LowCardinality(String) COMMENT 'slug of the topic',
    delay_ms  UInt32                 COMMENT 'lower end of the step, milliseconds',
    receipts  UInt64                 COMMENT 'recipient outcomes'
)
ENGINE = SummingMergeTree(receipts)
PARTITION BY toYYYYMM(hour)
ORDER BY (authority, leg, hour, stream, channel, kind, class, topic, delay_ms)
TTL hour + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS delays_hourly_view TO delays_hourly AS
WITH
    arrayJoin(arrayFilter(x -> x.2 > 0 AND x.3 > 0, [
        if(arrives, ('source_fetched', toUnixTimestamp64Milli(source_at), toUnixTimestamp64Milli(fetched_at)), ('', 0, 0)),
        if(arrives, ('fetched_approved', toUnixTimestamp64Milli(fetched_at), toUnixTimestamp64Milli(approved_at)), ('', 0, 0)),
        if(arrives, ('approved_informed', toUnixTimestamp64Milli(approved_at), toUnixTimestamp64Milli(at)), ('', 0, 0)),
        if(arrives, ('source_informed', toUnixTimestamp64Milli(source_at), toUnixTimestamp64Milli(at)), ('', 0, 0)),
        if(status = 'sent', ('approved_sent', toUnixTimestamp64Milli(approved_at), toUnixTimestamp64Milli(at)), ('', 0, 0)),
        if(status = 'opted_out', ('approved_opted_out', toUnixTimestamp64Milli(approved_at), toUnixTimestamp64Milli(at)), ('', 0, 0))])) AS spans,
    (informed AND status IN ('sent', 'delivered', 'displayed')) AS arrives,
    greatest(spans.3 - spans.2, 0) AS ms
SELECT
    authority, toStartOfHour(at) AS hour, spans.1 AS leg, stream, channel, kind, class, topic,
    toUInt32(multiIf(
        ms < 10000, intDiv(ms, 100) * 100,
        ms < 120000, intDiv(ms, 1000) * 1000,
        ms < 3600000, intDiv(ms, 10000) * 10000,
        ms < 86400000, intDiv(ms, 300000) * 300000,
        ms < 2592000000, intDiv(ms, 3600000) * 3600000,
        2592000000)) AS delay_ms,
    count() AS receipts
FROM receipts
WHERE status IN ('sent', 'delivered', 'displayed', 'opted_out')
GROUP BY authority, hour, leg, stream, channel, kind, class, topic, delay_ms;

-- What became of each publication, by channel and status.
CREATE TABLE IF NOT EXISTS publication_receipts
(
    authority      LowCardinality(String)                                COMMENT 'slug of the authority',
    publication    String                                                COMMENT 'ID of the publication',
    revision       UInt32                                                COMMENT 'revision of the publication, from 1',
    channel        LowCardinality(String)                                COMMENT 'slug of the channel',
    kind           LowCardinality(String)                                COMMENT 'kind of the channel',
    status         LowCardinality(String)                                COMMENT 'what became of it',
    reason         LowCardinality(String)                                COMMENT 'for failed and unknown',
    informed       Bool                                                  COMMENT 'these recipients had the message',
    receipts       SimpleAggregateFunction(sum, UInt64)                  COMMENT 'recipient outcomes',
    people         SimpleAggregateFunction(sum, UInt64)                  COMMENT 'recipient outcomes of people, not of signs, accounts and feeds',
    units          SimpleAggregateFunction(sum, UInt64)                  COMMENT 'parts or pages',
    cost_micro_eur SimpleAggregateFunction(sum, Int64)                   COMMENT 'millionths of a euro',
    duplicates     SimpleAggregateFunction(sum, UInt64)                  COMMENT 'recipient outcomes of a second sending',
    first_at       SimpleAggregateFunction(min, DateTime64(3, 'UTC'))    COMMENT 'of the first outcome',
    last_at        SimpleAggregateFunction(max, DateTime64(3, 'UTC'))    COMMENT 'of the last outcome'
)
ENGINE = AggregatingMergeTree
ORDER BY (authority, publication, revision, channel, kind, status, reason, informed)
TTL toDateTime(last_at) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS publication_receipts_view TO publication_receipts AS
SELECT
    authority, publication, revision, channel, kind, status, reason, informed,
    count() AS receipts, countIf(subscriber != 0) AS people,
    sum(toUInt64(units)) AS units, sum(cost_micro_eur) AS cost_micro_eur, sum(toUInt64(duplicates)) AS duplicates,
    min(at) AS first_at, max(at) AS last_at
FROM receipts
GROUP BY authority, publication, revision, channel, kind, status, reason, informed;
