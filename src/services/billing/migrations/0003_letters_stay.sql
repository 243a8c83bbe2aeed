-- A deposit's letter is owed by its row alone: without the row nobody would know of it.
CREATE TRIGGER deposit_letters_stay BEFORE DELETE ON deposit_letters
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER deposit_letters_are_kept BEFORE TRUNCATE ON deposit_letters
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
