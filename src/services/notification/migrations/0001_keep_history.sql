-- A letter that was written is never another one, and never gone: its key answers with it for ever.
CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: a letter that was written stays', TG_OP, TG_TABLE_NAME;
END
$$;
--> statement-breakpoint
CREATE TRIGGER letters_are_final BEFORE UPDATE OR DELETE ON letters
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER letters_stay BEFORE TRUNCATE ON letters
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
