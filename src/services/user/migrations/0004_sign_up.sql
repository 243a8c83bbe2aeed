-- A user has a login, which identity makes from a hash, and a language. A column with a constant
-- default is added without touching a row. The checks do not look at rows of before, so that nobody
-- waits while a large table is read.
ALTER TABLE "users" ADD COLUMN "locale" text DEFAULT 'en' NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "password_hash" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "password_salt" text;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_known_locale" CHECK ("users"."locale" in ('en', 'ru')) NOT VALID;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_password_hash" CHECK ("users"."password_hash" is null or ("users"."account" = 'PENDING' and "users"."password_salt" is not null)) NOT VALID;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_password_salt" CHECK ("users"."password_salt" is null or "users"."account" <> 'REFUSED') NOT VALID;
--> statement-breakpoint
CREATE TRIGGER users_locale_is_final BEFORE UPDATE ON users
  FOR EACH ROW WHEN (OLD.locale IS DISTINCT FROM NEW.locale)
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- A hash is forgotten and never comes back, nor another one.
CREATE TRIGGER users_hash_is_forgotten BEFORE UPDATE ON users
  FOR EACH ROW WHEN (
    OLD.password_hash IS DISTINCT FROM NEW.password_hash AND NEW.password_hash IS NOT NULL)
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- Without its salt no repeat could show that it has the same password.
CREATE TRIGGER users_salt_is_final BEFORE UPDATE ON users
  FOR EACH ROW WHEN (OLD.password_salt IS DISTINCT FROM NEW.password_salt)
  EXECUTE FUNCTION refuse_history_change();
