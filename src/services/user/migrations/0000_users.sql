CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"username" text NOT NULL,
	"email" text NOT NULL,
	"phone" text,
	"first_name" text,
	"last_name" text,
	"idempotency_key" text,
	"request_id" text NOT NULL,
	"account" text NOT NULL,
	"reason" text,
	"due_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"timeline" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_key" UNIQUE("idempotency_key"),
	CONSTRAINT "users_account" CHECK ("users"."account" in ('PENDING', 'OPEN', 'REFUSED')),
	CONSTRAINT "users_reason" CHECK (("users"."account" = 'REFUSED') = ("users"."reason" is not null)),
	CONSTRAINT "users_due" CHECK (("users"."account" = 'PENDING') = ("users"."due_at" is not null))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "users_username" ON "users" USING btree (lower("username")) WHERE "users"."account" <> 'REFUSED';--> statement-breakpoint
CREATE UNIQUE INDEX "users_email" ON "users" USING btree (lower("email")) WHERE "users"."account" <> 'REFUSED';--> statement-breakpoint
CREATE INDEX "users_due" ON "users" USING btree ("due_at") WHERE "users"."due_at" is not null;