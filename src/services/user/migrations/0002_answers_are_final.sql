-- Who was told of a user finds the same user for ever: the row stays, and with it what answers show.
CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: answers that were given are built from it', TG_OP, TG_TABLE_NAME;
END
$$;
--> statement-breakpoint
CREATE TRIGGER users_answers_are_final BEFORE UPDATE ON users
  FOR EACH ROW WHEN (
    (OLD.id, OLD.username, OLD.email, OLD.created_at, OLD.request_id) IS DISTINCT FROM
      (NEW.id, NEW.username, NEW.email, NEW.created_at, NEW.request_id)
    OR (OLD.phone, OLD.first_name, OLD.last_name) IS DISTINCT FROM
      (NEW.phone, NEW.first_name, NEW.last_name)
    OR OLD.idempotency_key IS DISTINCT FROM NEW.idempotency_key
    OR (OLD.account = 'REFUSED' AND OLD.reason IS DISTINCT FROM NEW.reason))
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER users_stay BEFORE DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- Emptying a table passes by the triggers of its rows.
CREATE TRIGGER users_are_kept BEFORE TRUNCATE ON users
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
