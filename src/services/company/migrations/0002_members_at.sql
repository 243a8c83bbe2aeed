-- Who changes the members of a company holds its lock alone, from before the clock is read until the
-- change is in sight. Who asks for its members at a moment holds it together with others who ask.
-- A row's lock would do the same, but is written to the disk for each question.
CREATE FUNCTION members_lock(company uuid) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN hashtextextended(company::text, 0);
--> statement-breakpoint
-- The members of a company at a moment, by their ids; null while that moment is not over. Each
-- statement of a function sees what is there by then: so whoever had the lock before is in sight.
CREATE FUNCTION members_at(company uuid, moment timestamptz) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(members_lock(company));
  IF moment >= clock_timestamp() THEN
    RETURN NULL;
  END IF;
  RETURN (
    SELECT coalesce(
      json_agg(
        json_build_object('userId', m.user_id, 'name', m.name, 'email', m.email, 'locale', m.locale)
        ORDER BY m.user_id
      ),
      '[]'
    )
    FROM memberships m
    WHERE m.company_id = company AND m.joined_at <= moment
      AND coalesce(m.left_at, 'infinity'::timestamptz) > moment
  );
END
$$;
