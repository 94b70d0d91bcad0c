-- Who really carried a message when the channel's own provider failed.
ALTER TABLE receipts
    ADD COLUMN IF NOT EXISTS via LowCardinality(String) COMMENT 'the channel that took over; empty: the delivery''s own' AFTER duplicates;
