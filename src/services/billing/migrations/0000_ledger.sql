CREATE TABLE "accounts" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"balance" bigint DEFAULT 0 NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "accounts_balance" CHECK ("accounts"."balance" between 0 and 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "deposit_letters" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"email" text NOT NULL,
	"amount" bigint NOT NULL,
	"due_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"timeline" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "operations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"seq" bigint,
	"key" text,
	"kind" text NOT NULL,
	"amount" bigint NOT NULL,
	"effect" bigint NOT NULL,
	"status" text NOT NULL,
	"reason" text,
	"reference" text,
	"balance_after" bigint,
	"request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operations_key" UNIQUE("user_id","key"),
	CONSTRAINT "operations_seq" UNIQUE("user_id","seq"),
	CONSTRAINT "operations_kind" CHECK ("operations"."kind" in ('DEPOSIT', 'WITHDRAW', 'REFUND')),
	CONSTRAINT "operations_status" CHECK ("operations"."status" in ('DONE', 'REFUSED')),
	CONSTRAINT "operations_amount" CHECK ("operations"."amount" between 1 and 9007199254740991),
	CONSTRAINT "operations_effect" CHECK ("operations"."effect" = case when "operations"."status" = 'REFUSED' then 0 when "operations"."kind" = 'WITHDRAW' then -"operations"."amount" else "operations"."amount" end),
	CONSTRAINT "operations_reason" CHECK (("operations"."status" = 'REFUSED') = ("operations"."reason" is not null)),
	CONSTRAINT "operations_balance" CHECK ("operations"."status" = 'REFUSED' or ("operations"."seq" is not null and "operations"."balance_after" >= 0))
);
--> statement-breakpoint
CREATE INDEX "deposit_letters_due" ON "deposit_letters" USING btree ("due_at") WHERE "deposit_letters"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "operations_by_reference" ON "operations" USING btree ("user_id","reference") WHERE "operations"."reference" is not null;