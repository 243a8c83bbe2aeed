-- The user service was told that a login exists, and was shown it: it stays as it was made. Only
-- what it is allowed changes.
CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: answers that were given are built from it', TG_OP, TG_TABLE_NAME;
END
$$;
--> statement-breakpoint
CREATE TRIGGER logins_are_final BEFORE UPDATE ON logins
  FOR EACH ROW WHEN (
    (OLD.id, OLD.username, OLD.email, OLD.locale, OLD.password_hash, OLD.created_at) IS DISTINCT FROM
      (NEW.id, NEW.username, NEW.email, NEW.locale, NEW.password_hash, NEW.created_at))
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER logins_stay BEFORE DELETE ON logins
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- Emptying a table passes by the triggers of its rows.
CREATE TRIGGER logins_are_kept BEFORE TRUNCATE ON logins
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- A session that has ended never serves again, and none lasts longer or becomes another person's.
CREATE FUNCTION check_session_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'session % cannot be changed like this', OLD.id;
END
$$;
--> statement-breakpoint
CREATE TRIGGER sessions_end_once BEFORE UPDATE ON sessions
  FOR EACH ROW WHEN (
    OLD.ended_at IS NOT NULL
    OR (OLD.id, OLD.login_id, OLD.created_at, OLD.expires_at) IS DISTINCT FROM
      (NEW.id, NEW.login_id, NEW.created_at, NEW.expires_at))
  EXECUTE FUNCTION check_session_change();
--> statement-breakpoint
-- A key that was removed never signs again, and none becomes another key. The rows stay: their
-- numbers decide which of two replicas makes the next key.
CREATE FUNCTION check_key_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'signing key % cannot be changed like this', OLD.kid;
END
$$;
--> statement-breakpoint
CREATE TRIGGER signing_keys_are_final BEFORE UPDATE ON signing_keys
  FOR EACH ROW WHEN (
    OLD.jwk IS NULL
    OR (NEW.jwk IS NOT NULL AND OLD.jwk IS DISTINCT FROM NEW.jwk)
    OR (OLD.kid, OLD.generation, OLD.created_at) IS DISTINCT FROM
      (NEW.kid, NEW.generation, NEW.created_at))
  EXECUTE FUNCTION check_key_change();
--> statement-breakpoint
CREATE TRIGGER signing_keys_stay BEFORE DELETE ON signing_keys
  FOR EACH ROW EXECUTE FUNCTION check_key_change();
--> statement-breakpoint
CREATE TRIGGER signing_keys_are_kept BEFORE TRUNCATE ON signing_keys
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- What operators did is not rewritten.
CREATE TRIGGER operator_acts_are_final BEFORE UPDATE OR DELETE ON operator_acts
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER operator_acts_are_kept BEFORE TRUNCATE ON operator_acts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
