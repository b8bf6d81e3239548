// adapters/postgres/schema.hpp: the first version of the database's form.
#pragma once

namespace troupe::postgres {

// Each context has a schema of its own, and a role that can read this schema and nothing else. What a client can name
// (a key, a principal) is bytea: it need not be text in the database's encoding, and is ordered by its bytes. The views
// `readable` are for people.
//
// Events lie by shard and offset: partitions by ranges of 256 shards, and of those by ranges of 65,536 offsets, so that
// old ones can be detached and dropped while others are written. `place` orders the events of all contexts by their
// transactions: a transaction's number (64 bits, moved by meta.place_base) times 2^20, and a count within it. Its index
// is a BRIN, which costs an insert next to nothing.
//
// A commit is one statement: troupe.fence(...) and, for each context, "<context>".append(...). The fence keeps the rows
// of the batch's shards locked until the commit, so that nobody takes a shard in between. Only
// who takes one locks its row against that (FOR UPDATE): a planner does not wait for commits, nor they for it.
inline constexpr const char* schema_1 = R"sql(
CREATE SCHEMA troupe;

CREATE TABLE troupe.migrations (version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE TABLE troupe.meta (one boolean PRIMARY KEY DEFAULT true CHECK (one), system_identifier text NOT NULL DEFAULT '',
  timeline int NOT NULL DEFAULT 0, synchronous boolean NOT NULL DEFAULT false, place_base int8 NOT NULL DEFAULT 0,
  plan_version int8 NOT NULL DEFAULT 0, filling boolean NOT NULL DEFAULT false);
INSERT INTO troupe.meta DEFAULT VALUES;

-- Each time that an operator went on with a server that may lack what was acknowledged; in microseconds.
CREATE TABLE troupe.acceptances (accepted_at int8 PRIMARY KEY
    DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::int8,
  system_identifier text NOT NULL, timeline int NOT NULL, reason text NOT NULL);

CREATE TABLE troupe.contexts (name text PRIMARY KEY, role name NOT NULL);

CREATE TABLE troupe.partitions (context text NOT NULL REFERENCES troupe.contexts, range int NOT NULL,
  number int8 NOT NULL, PRIMARY KEY (context, range, number));

CREATE SEQUENCE troupe.incarnations;
CREATE TABLE troupe.nodes (name text COLLATE "C" PRIMARY KEY, incarnation int8 NOT NULL, address text NOT NULL,
  roles text NOT NULL, labels jsonb NOT NULL, weight int4 NOT NULL, version text NOT NULL, protocol int4 NOT NULL,
  state text NOT NULL, lease_until timestamptz NOT NULL) WITH (fillfactor = 50);

CREATE TABLE troupe.shards (shard int2 PRIMARY KEY, epoch int8 NOT NULL DEFAULT 0, owner text COLLATE "C",
  incarnation int8 NOT NULL DEFAULT 0, target text COLLATE "C") WITH (fillfactor = 50);
INSERT INTO troupe.shards (shard) SELECT generate_series(0, 1023);

CREATE FUNCTION troupe.fence(p_shards int2[], p_epochs int8[]) RETURNS void LANGUAGE plpgsql AS $fence$
DECLARE
  stale text;
BEGIN
  SELECT string_agg(w.shard::text, ' ') INTO stale
    FROM (SELECT s.shard, s.epoch FROM troupe.shards s WHERE s.shard = ANY (p_shards) ORDER BY s.shard FOR KEY SHARE) held,
      unnest(p_shards, p_epochs) AS w (shard, epoch)
    WHERE held.shard = w.shard AND held.epoch <> w.epoch;
  IF stale IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'TR001', MESSAGE = stale;
  END IF;
END
$fence$;

CREATE FUNCTION troupe.place() RETURNS int8 LANGUAGE sql AS $place$
  SELECT (pg_current_xact_id()::text::int8 + (SELECT place_base FROM troupe.meta)) << 20
$place$;

-- Where nothing is, a partition is made beside the table and attached, which keeps nobody from reading or writing.
CREATE FUNCTION troupe.extend(p_context text, p_range int, p_number int8) RETURNS void LANGUAGE plpgsql AS $extend$
DECLARE
  parent text := format('events_%s', p_range);
  child text := format('events_%s_%s', p_range, p_number);
BEGIN
  PERFORM pg_advisory_xact_lock(1953656934);
  IF EXISTS (SELECT FROM troupe.partitions WHERE context = p_context AND range = p_range AND number = p_number) THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %1$I.%2$I (LIKE %1$I.%3$I INCLUDING ALL)', p_context, child, parent);
  EXECUTE format('ALTER TABLE %1$I.%3$I ATTACH PARTITION %1$I.%2$I FOR VALUES FROM (%4$s) TO (%5$s)', p_context, child,
    parent, p_number * 65536 + 1, (p_number + 1) * 65536 + 1);
  INSERT INTO troupe.partitions VALUES (p_context, p_range, p_number);
END
$extend$;

CREATE FUNCTION troupe.add_context(p_name text) RETURNS void LANGUAGE plpgsql AS $context$
DECLARE
  reader name := left(current_database(), 62 - length(p_name)) || '_' || p_name;
BEGIN
  PERFORM pg_advisory_xact_lock(1953656933);
  IF EXISTS (SELECT FROM troupe.contexts WHERE name = p_name) THEN
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader) THEN
    EXECUTE format('CREATE ROLE %I NOLOGIN', reader);
  END IF;
  EXECUTE format('GRANT %I TO %I', reader, current_user);
  INSERT INTO troupe.contexts VALUES (p_name, reader);
  EXECUTE format($ddl$
    CREATE SCHEMA %1$I;

    CREATE TABLE %1$I.streams (key bytea PRIMARY KEY, shard int2 NOT NULL, version int8 NOT NULL, wake_at int8)
      WITH (fillfactor = 75);
    CREATE INDEX wake_ups ON %1$I.streams (wake_at, key) WHERE wake_at IS NOT NULL;

    CREATE TABLE %1$I.events (shard int2 NOT NULL, shard_offset int8 NOT NULL, key bytea NOT NULL,
      version int8 NOT NULL, place int8 NOT NULL, schema int4 NOT NULL, recorded_at int8 NOT NULL, epoch int8 NOT NULL,
      checksum int8 NOT NULL, type text NOT NULL, node text NOT NULL, principal bytea NOT NULL, trace bytea NOT NULL,
      data bytea NOT NULL, personal bytea NOT NULL, PRIMARY KEY (shard, shard_offset)) PARTITION BY RANGE (shard);
    CREATE INDEX events_by_stream ON %1$I.events (key, version);
    CREATE INDEX events_by_place ON %1$I.events USING brin (place) WITH (pages_per_range = 16);

    CREATE TABLE %1$I.snapshots (key bytea PRIMARY KEY, version int8 NOT NULL, schema int4 NOT NULL,
      recorded_at int8 NOT NULL, checksum int8 NOT NULL, data bytea NOT NULL);

    CREATE TABLE %1$I.outlets (outlet text, shard int2, shard_offset int8 NOT NULL, PRIMARY KEY (outlet, shard))
      WITH (fillfactor = 50);

    -- Offsets that shards had reached when events of theirs were dropped.
    CREATE TABLE %1$I.dropped (shard int2 PRIMARY KEY, shard_offset int8 NOT NULL);

    CREATE VIEW %1$I.readable AS SELECT encode(key, 'escape') AS key, version, type, schema,
      to_timestamp(recorded_at / 1000.0) AS recorded_at, encode(data, 'escape') AS data, shard, shard_offset, epoch, node,
      encode(principal, 'escape') AS principal, encode(trace, 'escape') AS trace FROM %1$I.events;
  $ddl$, p_name);
  FOR range IN 0..3 LOOP
    EXECUTE format('CREATE TABLE %1$I.events_%2$s PARTITION OF %1$I.events FOR VALUES FROM (%3$s) TO (%4$s) '
      'PARTITION BY RANGE (shard_offset)', p_name, range, range * 256, (range + 1) * 256);
    PERFORM troupe.extend(p_name, range, 0);
  END LOOP;
  EXECUTE format('GRANT USAGE ON SCHEMA %1$I TO %2$I', p_name, reader);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %1$I TO %2$I', p_name, reader);

  -- g_*: streams that have events, and go on from their version. n_*: streams that have none, with a version, or any
  -- stream, with version 0 and a wake-up. c_key: streams whose wake-up ends. e_*: events. s_*: snapshots. m_*: marks.
  EXECUTE format($ddl$
    CREATE FUNCTION %1$I.append(g_key bytea[], g_from int8[], g_to int8[], g_wakes int4[], g_wake int8[],
      n_key bytea[], n_shard int2[], n_to int8[], n_wake int8[], c_key bytea[],
      e_shard int2[], e_offset int8[], e_key bytea[], e_version int8[], e_count int4[], e_schema int4[], e_at int8[],
      e_epoch int8[], e_checksum int8[], e_type text[], e_node text[], e_principal bytea[], e_trace bytea[],
      e_data bytea[], e_personal bytea[],
      s_key bytea[], s_version int8[], s_schema int4[], s_at int8[], s_checksum int8[], s_data bytea[],
      m_outlet text[], m_shard int2[], m_offset int8[]) RETURNS void LANGUAGE plpgsql AS $append$
    DECLARE
      moved int;
      place int8;
      wrong bytea;
    BEGIN
      IF cardinality(g_key) > 0 THEN
        UPDATE %1$I.streams t SET version = w.upto,
            wake_at = CASE w.wakes WHEN 0 THEN t.wake_at WHEN 1 THEN w.wake END
          FROM unnest(g_key, g_from, g_to, g_wakes, g_wake) AS w (key, base, upto, wakes, wake)
          WHERE t.key = w.key AND t.version = w.base;
        GET DIAGNOSTICS moved = ROW_COUNT;
        IF moved <> cardinality(g_key) THEN
          SELECT w.key INTO wrong FROM unnest(g_key, g_to) AS w (key, upto)
            WHERE NOT EXISTS (SELECT FROM %1$I.streams t WHERE t.key = w.key AND t.version = w.upto) LIMIT 1;
          RAISE EXCEPTION USING ERRCODE = 'TR002',
            MESSAGE = format('%%s/%%s is not at the version that its writer believes', %1$L, encode(wrong, 'escape'));
        END IF;
      END IF;
      IF cardinality(n_key) > 0 THEN
        INSERT INTO %1$I.streams AS t SELECT * FROM unnest(n_key, n_shard, n_to, n_wake) AS w
          ON CONFLICT (key) DO UPDATE SET version = greatest(t.version, excluded.version),
            wake_at = CASE WHEN excluded.version > 0 AND excluded.wake_at IS NULL THEN t.wake_at
              ELSE excluded.wake_at END
          WHERE excluded.version = 0 OR t.version = 0;
        GET DIAGNOSTICS moved = ROW_COUNT;
        IF moved <> cardinality(n_key) THEN
          RAISE EXCEPTION USING ERRCODE = 'TR002',
            MESSAGE = format('a stream of %%s that its writer believes to be new has events', %1$L);
        END IF;
      END IF;
      IF cardinality(c_key) > 0 THEN
        UPDATE %1$I.streams SET wake_at = NULL WHERE key = ANY (c_key);
      END IF;
      IF cardinality(e_key) > 0 THEN
        place := troupe.place();
        INSERT INTO %1$I.events
          SELECT w.shard, w.off, w.key, w.version, place + w.number, w.schema, w.at, w.epoch, w.checksum, w.type, w.node,
            w.principal, w.trace, w.data, w.personal
          FROM unnest(e_shard, e_offset, e_key, e_version, e_count, e_schema, e_at, e_epoch, e_checksum, e_type, e_node,
            e_principal, e_trace, e_data, e_personal)
            AS w (shard, off, key, version, number, schema, at, epoch, checksum, type, node, principal, trace, data,
              personal);
      END IF;
      IF cardinality(s_key) > 0 THEN
        SELECT w.key INTO wrong FROM unnest(s_key, s_version) AS w (key, version)
          WHERE w.version > coalesce((SELECT t.version FROM %1$I.streams t WHERE t.key = w.key), 0) LIMIT 1;
        IF FOUND THEN
          RAISE EXCEPTION USING ERRCODE = 'TR002',
            MESSAGE = format('a snapshot of a version that %%s/%%s does not have', %1$L, encode(wrong, 'escape'));
        END IF;
        INSERT INTO %1$I.snapshots AS t SELECT * FROM unnest(s_key, s_version, s_schema, s_at, s_checksum, s_data) AS w
          ON CONFLICT (key) DO UPDATE SET version = excluded.version, schema = excluded.schema,
            recorded_at = excluded.recorded_at, checksum = excluded.checksum, data = excluded.data
          WHERE excluded.version >= t.version;
      END IF;
      IF cardinality(m_outlet) > 0 THEN
        INSERT INTO %1$I.outlets AS t SELECT * FROM unnest(m_outlet, m_shard, m_offset) AS w
          ON CONFLICT (outlet, shard) DO UPDATE SET shard_offset = excluded.shard_offset;
      END IF;
    END
    $append$;
  $ddl$, p_name);
END
$context$;
)sql";

} // namespace troupe::postgres
