-- An account that is open stays open, and a refusal stays a refusal, whoever tries otherwise.
CREATE FUNCTION check_user_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.account <> 'PENDING' OR NEW.account <> 'OPEN' THEN
    RAISE EXCEPTION 'the account of a user cannot become % from %', NEW.account, OLD.account;
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER users_edge BEFORE UPDATE OF account ON users
  FOR EACH ROW WHEN (OLD.account <> NEW.account) EXECUTE FUNCTION check_user_edge();
