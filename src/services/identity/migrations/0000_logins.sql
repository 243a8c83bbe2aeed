CREATE TABLE "logins" (
	"id" uuid PRIMARY KEY NOT NULL,
	"username" text NOT NULL,
	"email" text NOT NULL,
	"locale" text NOT NULL,
	"password_hash" text NOT NULL,
	"roles" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "logins_locale" CHECK ("logins"."locale" in ('en', 'ru')),
	CONSTRAINT "logins_roles" CHECK (jsonb_typeof("logins"."roles") = 'array')
);
--> statement-breakpoint
CREATE TABLE "oidc_models" (
	"model" text NOT NULL,
	"id" text NOT NULL,
	"payload" jsonb NOT NULL,
	"uid" text,
	"grant_id" text,
	"consumed_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "oidc_models_model_id_pk" PRIMARY KEY("model","id")
);
--> statement-breakpoint
CREATE TABLE "operator_acts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"operator" uuid NOT NULL,
	"method" text NOT NULL,
	"route" text NOT NULL,
	"target" text NOT NULL,
	"subject" uuid,
	"request_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "secrets" (
	"name" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"login_id" uuid NOT NULL,
	"secret_hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"used_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"ending" text,
	CONSTRAINT "sessions_known_ending" CHECK ("sessions"."ending" in ('SIGNED_OUT', 'TOKEN_REUSED')),
	CONSTRAINT "sessions_ending" CHECK (("sessions"."ended_at" is null) = ("sessions"."ending" is null))
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"generation" integer NOT NULL,
	"jwk" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"signs_from" timestamp (3) with time zone NOT NULL,
	"retires_at" timestamp (3) with time zone,
	CONSTRAINT "signing_keys_generation" UNIQUE("generation"),
	CONSTRAINT "signing_keys_removed" CHECK ("signing_keys"."jwk" is not null or "signing_keys"."retires_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "throttled" (
	"subject" text PRIMARY KEY NOT NULL,
	"attempts" integer NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_login_id_logins_id_fk" FOREIGN KEY ("login_id") REFERENCES "public"."logins"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "logins_username" ON "logins" USING btree (lower("username"));--> statement-breakpoint
CREATE INDEX "oidc_models_uid" ON "oidc_models" USING btree ("uid") WHERE "oidc_models"."uid" is not null;--> statement-breakpoint
CREATE INDEX "oidc_models_grant" ON "oidc_models" USING btree ("grant_id") WHERE "oidc_models"."grant_id" is not null;--> statement-breakpoint
CREATE INDEX "oidc_models_expiry" ON "oidc_models" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "operator_acts_by_operator" ON "operator_acts" USING btree ("operator","id");--> statement-breakpoint
CREATE INDEX "operator_acts_by_subject" ON "operator_acts" USING btree ("subject","id");--> statement-breakpoint
CREATE INDEX "sessions_login" ON "sessions" USING btree ("login_id");--> statement-breakpoint
CREATE INDEX "sessions_expiry" ON "sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "signing_keys_present" ON "signing_keys" USING btree ("generation") WHERE "signing_keys"."jwk" is not null;--> statement-breakpoint
CREATE INDEX "throttled_ends" ON "throttled" USING btree ("ends_at");