-- An account is whose it was when it was opened: answers show its address and its age for ever.
CREATE FUNCTION refuse_account_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: answers that were given are built from it', TG_OP, TG_TABLE_NAME;
END
$$;
--> statement-breakpoint
CREATE TRIGGER accounts_answers_are_final BEFORE UPDATE ON accounts
  FOR EACH ROW WHEN (
    (OLD.user_id, OLD.email, OLD.created_at) IS DISTINCT FROM
      (NEW.user_id, NEW.email, NEW.created_at))
  EXECUTE FUNCTION refuse_account_change();
