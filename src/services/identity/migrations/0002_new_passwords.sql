-- A command gives somebody another password. The first one stays beside it, because the user
-- service may repeat the call by which it made the login. The check does not look at rows of before.
ALTER TABLE "sessions" DROP CONSTRAINT "sessions_known_ending";--> statement-breakpoint
ALTER TABLE "logins" ADD COLUMN "new_password_hash" text;--> statement-breakpoint
CREATE INDEX "oidc_models_account" ON "oidc_models" USING btree (coalesce("payload" ->> 'accountId', "payload" -> 'result' -> 'login' ->> 'accountId'));--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_known_ending" CHECK ("sessions"."ending" in ('SIGNED_OUT', 'TOKEN_REUSED', 'NEW_PASSWORD')) NOT VALID;
