// adapters/postgres/lease_schema.hpp: the second version: what nodes ask of their leases, each in one round trip.
#pragma once

namespace troupe::postgres {

// Locks are taken in the order of their shards, as the writer takes them. A claim keeps its node's row with FOR KEY
// SHARE, so that it never holds up a renewal; who leaves must wait for it.
inline constexpr const char* lease_schema = R"sql(
CREATE FUNCTION troupe.milliseconds(x int8) RETURNS interval LANGUAGE sql IMMUTABLE AS $ms$
  SELECT x * interval '1 millisecond'
$ms$;

-- The incarnation; nothing when the name is taken.
CREATE FUNCTION troupe.join_node(p_name text, p_address text, p_roles text, p_labels jsonb, p_weight int4,
  p_version text, p_protocol int4, p_state text, p_lease int8, p_replaces int8, p_remembered int8)
  RETURNS int8 LANGUAGE plpgsql AS $join$
DECLARE
  result int8;
BEGIN
  INSERT INTO troupe.nodes AS n (name, incarnation, address, roles, labels, weight, version, protocol, state,
      lease_until)
    VALUES (p_name, nextval('troupe.incarnations'), p_address, p_roles, p_labels, p_weight, p_version, p_protocol,
      p_state, clock_timestamp() + troupe.milliseconds(p_lease))
    ON CONFLICT (name) DO UPDATE SET incarnation = excluded.incarnation, address = excluded.address,
      roles = excluded.roles, labels = excluded.labels, weight = excluded.weight, version = excluded.version,
      protocol = excluded.protocol, state = excluded.state,
      lease_until = clock_timestamp() + troupe.milliseconds(p_lease)
    WHERE n.lease_until <= clock_timestamp() OR n.incarnation = p_replaces
    RETURNING incarnation INTO result;
  IF result IS NULL THEN
    RETURN NULL;
  END IF;
  DELETE FROM troupe.nodes WHERE name IN (SELECT n.name FROM troupe.nodes n
    WHERE n.lease_until + troupe.milliseconds(p_remembered) < clock_timestamp()
      AND NOT EXISTS (SELECT FROM troupe.shards s WHERE s.owner = n.name AND s.incarnation = n.incarnation)
    FOR UPDATE SKIP LOCKED);
  RETURN result;
END
$join$;

-- What the store knows, of one moment: nodes and shards as arrays, the shards' by their numbers, with their owners and
-- targets as places in `names`, from 1 on; 0 is nobody. No row when the lease is lost.
CREATE FUNCTION troupe.renew_node(p_name text, p_incarnation int8, p_state text, p_lease int8) RETURNS TABLE (
  plan_version int8, nodes jsonb, names jsonb, owners int4[], incarnations int8[], epochs int8[], targets int4[])
  LANGUAGE plpgsql SET enable_hashjoin = on AS $renew$
DECLARE
  moment timestamptz;
BEGIN
  UPDATE troupe.nodes SET state = p_state, lease_until = clock_timestamp() + troupe.milliseconds(p_lease)
    WHERE name = p_name AND incarnation = p_incarnation AND state <> 'left';
  IF NOT FOUND THEN
    RETURN;
  END IF;
  moment := clock_timestamp();
  RETURN QUERY
    WITH s AS MATERIALIZED (SELECT * FROM troupe.shards),
      called AS MATERIALIZED (SELECT x.name, row_number() OVER (ORDER BY x.name) AS place
        FROM (SELECT owner AS name FROM s UNION SELECT target FROM s) AS x WHERE x.name IS NOT NULL),
      n AS (SELECT jsonb_agg(to_jsonb(x) - 'lease_until' || jsonb_build_object('lease_left',
          ceil(extract(epoch FROM x.lease_until - moment) * 1000)::int8) ORDER BY x.name) AS list FROM troupe.nodes x)
    SELECT m.plan_version, n.list, (SELECT coalesce(jsonb_agg(c.name ORDER BY c.place), '[]') FROM called c), a.*
      FROM troupe.meta m, n, (SELECT array_agg(coalesce(o.place, 0)::int4 ORDER BY s.shard),
          array_agg(s.incarnation ORDER BY s.shard), array_agg(s.epoch ORDER BY s.shard),
          array_agg(coalesce(t.place, 0)::int4 ORDER BY s.shard)
        FROM s LEFT JOIN called o ON o.name = s.owner LEFT JOIN called t ON t.name = s.target) AS a;
END
$renew$;

CREATE FUNCTION troupe.put_targets(p_plan_version int8, p_shards int2[], p_targets text[]) RETURNS boolean
  LANGUAGE plpgsql AS $put$
BEGIN
  UPDATE troupe.meta SET plan_version = plan_version + 1 WHERE plan_version = p_plan_version;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM FROM troupe.shards WHERE shard = ANY (p_shards) ORDER BY shard FOR NO KEY UPDATE;
  UPDATE troupe.shards s SET target = nullif(w.target, '') FROM unnest(p_shards, p_targets) AS w (shard, target)
    WHERE s.shard = w.shard;
  RETURN true;
END
$put$;

-- Nothing, or why not.
CREATE FUNCTION troupe.leave_node(p_name text, p_incarnation int8) RETURNS text LANGUAGE plpgsql AS $leave$
BEGIN
  PERFORM FROM troupe.nodes WHERE name = p_name AND incarnation = p_incarnation FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'lease_lost';
  END IF;
  IF EXISTS (SELECT FROM troupe.shards WHERE owner = p_name AND incarnation = p_incarnation) THEN
    RETURN 'shards_held';
  END IF;
  UPDATE troupe.nodes SET lease_until = least(lease_until, clock_timestamp()), state = 'left'
    WHERE name = p_name AND state <> 'left';
  RETURN '';
END
$leave$;
)sql";

} // namespace troupe::postgres
